// Jena's query engine over a dataset in memory, behind the JDK's own HTTP server, where Fuseki has its services:
// /ds/query, /ds/update and /ds/data. For the tests only: it trusts whoever asks.
// java -cp JARS JenaEngine.java PORT

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import org.apache.jena.query.Dataset;

import org.apache.jena.query.Query;
import org.apache.jena.query.QueryExecution;
import org.apache.jena.query.QueryExecutionFactory;
import org.apache.jena.query.QueryFactory;
import org.apache.jena.query.QueryParseException;
import org.apache.jena.query.ResultSetFormatter;
import org.apache.jena.rdf.model.Model;
import org.apache.jena.rdf.model.ModelFactory;
import org.apache.jena.riot.Lang;
import org.apache.jena.riot.RDFDataMgr;
import org.apache.jena.sparql.core.DatasetDescription;
import org.apache.jena.sparql.core.DynamicDatasets;
import org.apache.jena.system.Txn;
import org.apache.jena.tdb2.TDB2Factory;
import org.apache.jena.update.UpdateAction;

public final class JenaEngine {
    private final Dataset dataset = TDB2Factory.createDataset();

    /** Writes an answer to one request. */
    private interface Service {
        void answer(HttpExchange exchange) throws IOException;
    }

    public static void main(String[] arguments) throws IOException {
        JenaEngine engine = new JenaEngine();
        InetSocketAddress address = new InetSocketAddress("127.0.0.1", Integer.parseInt(arguments[0]));
        HttpServer server = HttpServer.create(address, 64);
        server.setExecutor(Executors.newFixedThreadPool(8));
        Map<String, Service> services =
                Map.of("/ds/query", engine::query, "/ds/update", engine::update, "/ds/data", engine::graph);
        services.forEach((path, service) -> server.createContext(path, exchange -> serve(service, exchange)));
        server.start();
    }

    private static void serve(Service service, HttpExchange exchange) throws IOException {
        try {
            service.answer(exchange);
        } catch (QueryParseException error) {
            say(exchange, 400, error.getMessage());
        } catch (RuntimeException error) {
            say(exchange, 500, error.toString());
        } finally {
            exchange.close();
        }
    }

    private void query(HttpExchange exchange) throws IOException {
        boolean isForm = exchange.getRequestMethod().equals("POST");
        Map<String, List<String>> form = fields(isForm ? text(exchange) : exchange.getRequestURI().getRawQuery());
        Query query = QueryFactory.create(form.get("query").get(0));
        List<String> whole = form.getOrDefault("default-graph-uri", List.of());
        List<String> named = form.getOrDefault("named-graph-uri", List.of());
        DatasetDescription seen =
                whole.isEmpty() && named.isEmpty()
                        ? query.getDatasetDescription()
                        : DatasetDescription.create(whole, named);
        Txn.executeRead(dataset, () -> {
            Dataset source = seen == null ? dataset : DynamicDatasets.dynamicDataset(seen, dataset, false);
            try (QueryExecution execution = QueryExecutionFactory.create(query, source)) {
                answer(exchange, query, execution);
            } catch (IOException error) {
                throw new java.io.UncheckedIOException(error);
            }
        });
    }

    private static void answer(HttpExchange exchange, Query query, QueryExecution execution) throws IOException {
        boolean isGraph = query.isConstructType() || query.isDescribeType();
        String kind = isGraph ? "application/n-triples" : "application/sparql-results+json";
        exchange.getResponseHeaders().set("Content-Type", kind);
        // An error while the answer is made must not look like an answer, so it is made first.
        ByteArrayOutputStream made = new ByteArrayOutputStream();
        if (query.isAskType()) {
            ResultSetFormatter.outputAsJSON(made, execution.execAsk());
        } else if (query.isSelectType()) {
            ResultSetFormatter.outputAsJSON(made, execution.execSelect());
        } else {
            Model model = query.isConstructType() ? execution.execConstruct() : execution.execDescribe();
            RDFDataMgr.write(made, model, Lang.NTRIPLES);
        }
        exchange.sendResponseHeaders(200, made.size() == 0 ? -1 : made.size());
        made.writeTo(exchange.getResponseBody());
    }

    private void update(HttpExchange exchange) throws IOException {
        String text = text(exchange);
        Txn.executeWrite(dataset, () -> UpdateAction.parseExecute(text, dataset));
        exchange.sendResponseHeaders(204, -1);
    }

    private void graph(HttpExchange exchange) throws IOException {
        String name = fields(exchange.getRequestURI().getRawQuery()).get("graph").get(0);
        String method = exchange.getRequestMethod();
        if (method.equals("GET")) {
            exchange.getResponseHeaders().set("Content-Type", "application/n-triples");
            exchange.sendResponseHeaders(200, 0);
            try (OutputStream out = new BufferedOutputStream(exchange.getResponseBody(), 1 << 16)) {
                Txn.executeRead(dataset, () -> RDFDataMgr.write(out, dataset.getNamedModel(name), Lang.NTRIPLES));
            }
            return;
        }
        Model given = ModelFactory.createDefaultModel();
        if (!method.equals("DELETE")) {
            RDFDataMgr.read(given, exchange.getRequestBody(), Lang.NTRIPLES);
        }
        Txn.executeWrite(dataset, () -> {
            if (!method.equals("POST")) {
                dataset.removeNamedModel(name);
            }
            dataset.getNamedModel(name).add(given);
        });
        exchange.sendResponseHeaders(204, -1);
    }

    private static String text(HttpExchange exchange) throws IOException {
        try (InputStream body = exchange.getRequestBody()) {
            return new String(body.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static Map<String, List<String>> fields(String encoded) {
        Map<String, List<String>> found = new HashMap<>();
        for (String field : encoded.split("&")) {
            String[] parts = field.split("=", 2);
            String value = URLDecoder.decode(parts[1], StandardCharsets.UTF_8);
            found.computeIfAbsent(URLDecoder.decode(parts[0], StandardCharsets.UTF_8), name -> new ArrayList<>())
                    .add(value);
        }
        return found;
    }

    private static void say(HttpExchange exchange, int status, String text) throws IOException {
        byte[] body = text.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "text/plain; charset=utf-8");
        exchange.sendResponseHeaders(status, body.length);
        exchange.getResponseBody().write(body);
    }
}
