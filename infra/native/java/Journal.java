import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.h2.mvstore.MVStore;

/**
 * Group commit: the store's file only ever holds whole commands, and no command is answered before the file has it.
 *
 * <p>Commands run side by side under the shared lock; the writer takes the exclusive one, so that no command is half
 * done in what it writes, and then wakes everybody whose command is in it. A killed process thus loses nothing that it
 * answered. The disk follows within SYNC_EVERY_MS, which is what a power cut may cost.
 */
final class Journal {
    // Each write of the file costs some 50 kB of it until they are used again; commands in between share the next one.
    private static final long REST_MS = 2;
    private static final long SYNC_EVERY_MS = 1000;
    private static final long COMPACT_EVERY_MS = 2000;
    private static final int COMPACT_FILL_PERCENT = 70;
    private static final int COMPACT_BYTES = 4 << 20;
    // How long H2 keeps what it has replaced, against writes that reach the disk out of order: longer than it takes to
    // sync. Its default of 45 s lets a busy file grow.
    private static final int RETENTION_MS = 5000;

    private final MVStore store;
    private final ReentrantReadWriteLock commands = new ReentrantReadWriteLock(true);
    private final ReentrantLock monitor = new ReentrantLock();
    private final Condition changed = monitor.newCondition();
    private final Condition written = monitor.newCondition();
    private long asked;
    private long done;

    Journal(MVStore store) {
        this.store = store;
        store.setRetentionTime(RETENTION_MS);
    }

    void start() {
        Thread writer = new Thread(this::write, "journal");
        writer.setDaemon(true);
        writer.start();
    }

    /** `backend`, whose every command is in the file when it returns. */
    <T> T around(Class<T> type, T backend) {
        Object proxy = Proxy.newProxyInstance(
            type.getClassLoader(), new Class<?>[] {type}, (self, method, arguments) -> call(backend, method, arguments));
        return type.cast(proxy);
    }

    private Object call(Object backend, Method method, Object[] arguments) throws Throwable {
        if (method.getName().equals("close")) {
            commands.writeLock().lock(); // for good: nothing may follow
            return invoke(backend, method, arguments);
        }
        Object answer;
        commands.readLock().lock();
        try {
            answer = invoke(backend, method, arguments);
        } finally {
            commands.readLock().unlock();
        }
        if (store.hasUnsavedChanges()) {
            awaitWritten();
        }
        return answer;
    }

    private static Object invoke(Object backend, Method method, Object[] arguments) throws Throwable {
        try {
            return method.invoke(backend, arguments);
        } catch (InvocationTargetException thrown) {
            throw thrown.getCause();
        }
    }

    private void awaitWritten() {
        monitor.lock();
        try {
            long mine = ++asked;
            changed.signal();
            while (done < mine) {
                written.awaitUninterruptibly();
            }
        } finally {
            monitor.unlock();
        }
    }

    private void write() {
        long syncAt = 0;
        long compactAt = 0;
        try {
            while (true) {
                long upTo = awaitAsked();
                boolean compacts = System.currentTimeMillis() > compactAt;
                commit(compacts);
                if (compacts) {
                    compactAt = System.currentTimeMillis() + COMPACT_EVERY_MS;
                }
                wake(upTo);
                if (System.currentTimeMillis() > syncAt) {
                    store.sync();
                    syncAt = System.currentTimeMillis() + SYNC_EVERY_MS;
                }
                Thread.sleep(REST_MS);
            }
        } catch (RuntimeException | InterruptedException failure) {
            // A full disk, for one. Who waits must not be told that all is well, and a start reads what is there.
            System.err.println("The database file cannot be written: " + failure);
            Runtime.getRuntime().halt(1);
        }
    }

    private void commit(boolean compacts) {
        commands.writeLock().lock();
        try {
            store.commit();
            if (compacts) {
                store.compact(COMPACT_FILL_PERCENT, COMPACT_BYTES);
            }
        } finally {
            commands.writeLock().unlock();
        }
    }

    private void wake(long upTo) {
        monitor.lock();
        try {
            done = upTo;
            written.signalAll();
        } finally {
            monitor.unlock();
        }
    }

    private long awaitAsked() {
        monitor.lock();
        try {
            while (asked == done) {
                changed.awaitUninterruptibly();
            }
            return asked;
        } finally {
            monitor.unlock();
        }
    }
}
