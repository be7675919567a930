import com.sun.net.httpserver.HttpServer
import java.net.InetAddress
import java.net.InetSocketAddress
import kotlinx.coroutines.runBlocking
import org.openapitools.client.apis.PlatformApi
import org.openapitools.client.apis.StudiosApi
import org.openapitools.client.infrastructure.ApiClient
import org.openapitools.client.infrastructure.ClientException
import org.openapitools.client.infrastructure.Serializer
import org.openapitools.client.models.StudioCreate
import org.openapitools.client.models.StudioState

/** What a mobile app does with the generated client. Ends with an exception where anything is not as the document says. */
fun main() = runBlocking {
    // Unset, it would send null for every field that is left out, which is another thing.
    Serializer.kotlinxSerializationJsonConfiguration = { explicitNulls = false }
    val baseUrl = System.getenv("TRAX_BASE_URL")
    ApiClient.accessToken = System.getenv("TRAX_API_KEY")

    val me = PlatformApi(baseUrl).getMe()
    check(me.scopes.isNotEmpty())
    val studios = StudiosApi(baseUrl)
    val made = studios.createStudio(StudioCreate(name = "From Kotlin"))
    check(made.state == StudioState.OFFLINE)
    check(studios.listStudios().data.map { it.id } == listOf(made.id))
    val refused = runCatching { studios.getStudio("std_01k9zv4q8fe6s9yq4n3g5t0w2x") }.exceptionOrNull()
    check(refused is ClientException && refused.statusCode == 404)

    takesWhatItDoesNotKnow(made.id)
}

/** A TRaX of the future answers with a state and a field that this client was not made for. */
suspend fun takesWhatItDoesNotKnow(id: String) {
    val answer = """
        {"id":"$id","name":"Later","autoGoLive":false,"graceMs":1,"state":"rehearsing","mood":{"of":"the future"},
        "program":{"mode":"hologram","sourceId":null,"width":1,"height":1,"frameRate":1,"videoBitrate":1,"audioBitrate":1,"fallbackSourceIds":[]},
        "slate":{"assetId":null,"text":null,"color":null},"recording":{"enabled":false},"missingIds":[],
        "createdAt":"2026-11-22T18:00:00.000Z","updatedAt":"2026-11-22T18:00:00.000Z"}
    """.trimIndent().toByteArray()
    val server = HttpServer.create(InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0)
    server.createContext("/") { exchange ->
        exchange.responseHeaders.add("Content-Type", "application/json")
        exchange.sendResponseHeaders(200, answer.size.toLong())
        exchange.responseBody.use { it.write(answer) }
    }
    server.start()
    try {
        val studio = StudiosApi("http://127.0.0.1:${server.address.port}").getStudio(id)
        check(studio.name == "Later" && studio.state == StudioState.UNKNOWN_DEFAULT_OPEN_API)
    } finally {
        server.stop(0)
    }
}
