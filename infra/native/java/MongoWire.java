import de.bwaldvogel.mongo.MongoBackend;
import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.MongoVersion;
import de.bwaldvogel.mongo.backend.h2.H2Backend;
import java.util.List;
import org.h2.mvstore.MVStore;

/** The MongoDB-wire server: mongo-java-server on one H2 file. Arguments: file, address, port. */
public final class MongoWire {
    /** The library reports 3.0, which PyMongo refuses; what we use of 4.4 is there. */
    private record Reported(List<Integer> getVersionArray, int getWireVersion) implements MongoVersion { }

    // Giving back what a busy day made the file grow by may take this much of a start.
    private static final int SHRINK_LIMIT_MS = 1000;

    private MongoWire() { }

    public static void main(String[] arguments) throws InterruptedException {
        // Whole commands are written, by Journal: H2's own commits fall between a document and its index entry.
        MVStore store = new MVStore.Builder()
            .fileName(arguments[0]).autoCommitDisabled().autoCommitBufferSize(0).open();
        store.compactFile(SHRINK_LIMIT_MS);
        H2Backend backend = new H2Backend(store);
        backend.version(new Reported(List.of(4, 4, 0), 9));
        Journal journal = new Journal(store);
        MongoServer server = new MongoServer(journal.around(MongoBackend.class, backend));
        journal.start();
        // Closing the backend writes the last changes and releases the file.
        Runtime.getRuntime().addShutdownHook(new Thread(server::shutdownNow));
        server.bind(arguments[1], Integer.parseInt(arguments[2]));
        Thread.currentThread().join();
    }
}
