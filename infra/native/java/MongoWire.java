import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.MongoVersion;
import de.bwaldvogel.mongo.backend.h2.H2Backend;
import java.util.List;
import org.h2.mvstore.MVStore;

/** The MongoDB-wire server: mongo-java-server on one H2 file. Arguments: file, address, port. */
public final class MongoWire {
    /** The library reports 3.0, which PyMongo refuses; what we use of 4.4 is there. */
    private record Reported(List<Integer> getVersionArray, int getWireVersion) implements MongoVersion { }

    // H2 writes in the background; its default of a second is what a killed process would lose.
    private static final int AUTO_COMMIT_DELAY_MS = 20;

    private MongoWire() { }

    public static void main(String[] arguments) throws InterruptedException {
        MVStore store = MVStore.open(arguments[0]);
        store.setAutoCommitDelay(AUTO_COMMIT_DELAY_MS);
        H2Backend backend = new H2Backend(store);
        backend.version(new Reported(List.of(4, 4, 0), 9));
        MongoServer server = new MongoServer(backend);
        // Closing the backend writes the last changes and releases the file.
        Runtime.getRuntime().addShutdownHook(new Thread(server::shutdownNow));
        server.bind(arguments[1], Integer.parseInt(arguments[2]));
        Thread.currentThread().join();
    }
}
