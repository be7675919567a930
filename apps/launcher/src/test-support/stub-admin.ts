/** Stands in for the admin program: prints what it was asked, and the key that `up` shows. */
process.stdout.write(
  `${JSON.stringify({ id: "key_stub", secret: "sk_live_stub", asked: process.argv.slice(2), data: process.env["TRAX_DATA_DIR"] })}\n`,
);
