/**
 * Script of the page that is both ends of a glass-to-glass measurement: a
 * canvas that draws the number of its frame in black and white cells is
 * published by as many connections as are asked for, and whoever plays them
 * reads the cells of every picture that is shown. One page, so one clock.
 *
 * `glass.publish()` and `glass.play(name)` give a connection's index and offer,
 * `glass.answer(index, sdp)` takes its answer, `glass.delays(name)` gives ms
 * from drawing to showing of every frame that was seen for the first time.
 */
export const glassScript = `
window.glass = (() => {
  const [columns, rows, rate] = [6, 4, 30];
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [640, 360];
  const pen = canvas.getContext("2d");
  const [wide, high] = [canvas.width / columns, canvas.height / rows];
  const drawnAt = new Map();
  const peers = [];
  const delays = new Map();
  let frame = 0;

  function draw() {
    frame = (frame + 1) % 2 ** 20;
    const bits = frame + (frame % 13) * 2 ** 20;
    for (let at = 0; at < columns * rows; at++) {
      pen.fillStyle = Math.floor(bits / 2 ** at) % 2 === 1 ? "white" : "black";
      pen.fillRect((at % columns) * wide, Math.floor(at / columns) * high, wide, high);
    }
    drawnAt.set(frame, performance.now());
    drawnAt.delete(frame - 900);
  }

  const picture = canvas.captureStream(rate);
  const sound = new AudioContext();
  const tone = sound.createOscillator();
  const outlet = sound.createMediaStreamDestination();
  tone.connect(outlet);
  tone.start();
  setInterval(draw, 1000 / rate);

  async function offer(peer) {
    await peer.setLocalDescription(await peer.createOffer());
    if (peer.iceGatheringState !== "complete")
      await new Promise((resolve) => {
        peer.onicegatheringstatechange = () => peer.iceGatheringState === "complete" && resolve();
      });
    return { index: peers.push(peer) - 1, sdp: peer.localDescription.sdp };
  }

  async function publish() {
    const peer = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
    const media = new MediaStream([picture.getVideoTracks()[0].clone(), outlet.stream.getAudioTracks()[0].clone()]);
    for (const track of media.getTracks()) {
      const transceiver = peer.addTransceiver(track, { direction: "sendonly", streams: [media] });
      if (track.kind !== "video") continue;
      const { codecs } = RTCRtpSender.getCapabilities("video");
      transceiver.setCodecPreferences(codecs.filter(({ mimeType }) => /h264|rtx/i.test(mimeType)));
      const parameters = transceiver.sender.getParameters();
      await transceiver.sender.setParameters({ ...parameters, degradationPreference: "maintain-resolution" });
    }
    return offer(peer);
  }

  function read(video, context) {
    context.drawImage(video, 0, 0, columns * 4, rows * 4);
    const { data } = context.getImageData(0, 0, columns * 4, rows * 4);
    let bits = 0;
    for (let at = 0; at < columns * rows; at++) {
      const [x, y] = [(at % columns) * 4 + 1, Math.floor(at / columns) * 4 + 1];
      const level = data[4 * (y * columns * 4 + x) + 1];
      if (level > 85 && level < 170) return null;
      if (level >= 170) bits += 2 ** at;
    }
    const number = bits % 2 ** 20;
    return Math.floor(bits / 2 ** 20) === number % 13 ? number : null;
  }

  async function play(name) {
    const peer = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
    const media = new MediaStream();
    const video = document.createElement("video");
    [video.autoplay, video.muted, video.playsInline, video.srcObject] = [true, true, true, media];
    document.body.append(video);
    peer.ontrack = ({ track }) => media.addTrack(track);
    for (const kind of ["video", "audio"]) peer.addTransceiver(kind, { direction: "recvonly" });
    const small = new OffscreenCanvas(columns * 4, rows * 4);
    const context = small.getContext("2d", { willReadFrequently: true });
    const seen = [];
    delays.set(name, seen);
    let last = null;
    const look = (_now, { expectedDisplayTime }) => {
      const number = read(video, context);
      const drawn = number === null || number === last ? undefined : drawnAt.get(number);
      if (drawn !== undefined) seen.push(expectedDisplayTime - drawn);
      last = number ?? last;
      video.requestVideoFrameCallback(look);
    };
    video.requestVideoFrameCallback(look);
    return offer(peer);
  }

  return {
    publish,
    play,
    answer: (index, sdp) => peers[index].setRemoteDescription({ type: "answer", sdp }),
    state: (index) => peers[index].connectionState,
    count: (name) => delays.get(name).length,
    clear: (name) => void (delays.get(name).length = 0),
    delays: (name) => delays.get(name),
  };
})();
`;
