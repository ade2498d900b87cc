// Jena's query engine over one in-memory graph, behind the JDK's own HTTP server, for the benchmark only.
// java -cp JARS JenaServer.java DATA PORT

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Executors;
import org.apache.jena.query.Query;
import org.apache.jena.query.QueryExecution;
import org.apache.jena.query.QueryExecutionFactory;
import org.apache.jena.query.QueryFactory;
import org.apache.jena.query.ResultSetFormatter;
import org.apache.jena.rdf.model.Model;
import org.apache.jena.rdf.model.ModelFactory;
import org.apache.jena.riot.Lang;
import org.apache.jena.riot.RDFDataMgr;

public final class JenaServer {
    public static void main(String[] arguments) throws IOException {
        Model model = ModelFactory.createDefaultModel();
        RDFDataMgr.read(model, arguments[0], Lang.NTRIPLES);
        InetSocketAddress address = new InetSocketAddress("127.0.0.1", Integer.parseInt(arguments[1]));
        HttpServer server = HttpServer.create(address, 64);
        server.setExecutor(Executors.newFixedThreadPool(8));
        server.createContext("/sparql", exchange -> answer(model, exchange));
        server.start();
    }

    private static void answer(Model model, HttpExchange exchange) throws IOException {
        String encoded = exchange.getRequestURI().getRawQuery().substring("query=".length());
        Query query = QueryFactory.create(URLDecoder.decode(encoded, StandardCharsets.UTF_8));
        boolean isGraph = query.isConstructType() || query.isDescribeType();
        String type = isGraph ? "text/turtle" : "application/sparql-results+json";
        exchange.getResponseHeaders().set("Content-Type", type);
        exchange.sendResponseHeaders(200, 0);
        try (QueryExecution execution = QueryExecutionFactory.create(query, model);
                OutputStream out = new BufferedOutputStream(exchange.getResponseBody(), 1 << 16)) {
            if (isGraph) {
                RDFDataMgr.write(out, execution.execConstruct(), Lang.TURTLE);
            } else if (query.isAskType()) {
                ResultSetFormatter.outputAsJSON(out, execution.execAsk());
            } else {
                ResultSetFormatter.outputAsJSON(out, execution.execSelect());
            }
        }
    }
}
