import com.microsoft.azure.batch.BatchClient;
import com.microsoft.azure.batch.auth.BatchSharedKeyCredentials;
import com.microsoft.azure.batch.protocol.models.PoolInformation;
import com.microsoft.azure.batch.protocol.models.TaskAddParameter;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;

/**
 * Eight tasks on the stack's pool, from Java.
 *
 * <pre>
 * make up STACK=java
 * eval "$(.venv/bin/batchlocal env)"
 * cd examples/java
 * ../../.venv/bin/batchmgmt endpoint show --stack java --format java -o batch.properties
 * mvn -q compile dependency:build-classpath -Dmdep.outputFile=target/classpath
 * java --add-opens java.base/java.util=ALL-UNNAMED -cp "target/classes:$(cat target/classpath)" Squares batch.properties java
 * </pre>
 *
 * The library looks into java.util by reflection, hence --add-opens from Java 17 on.
 * batch.properties holds the account's key: keep it out of version control. A JVM knows no environment variable for
 * certificates; for a local Batch its CA is put into a trust store (see README.md).
 */
public final class Squares {
    private static final int NUMBERS = 8;
    private static final long PATIENCE = 300_000; // milliseconds

    public static void main(String[] arguments) throws Exception {
        Properties endpoint = new Properties();
        try (InputStream file = Files.newInputStream(Path.of(arguments[0]))) {
            endpoint.load(file);
        }
        BatchClient client = BatchClient.open(new BatchSharedKeyCredentials(
                endpoint.getProperty("batch.url"),
                endpoint.getProperty("batch.account"),
                endpoint.getProperty("batch.key")));
        String job = "squares-" + System.currentTimeMillis();
        client.jobOperations().createJob(job, new PoolInformation().withPoolId(arguments[1]));
        try {
            for (int n = 1; n <= NUMBERS; n++) {
                client.taskOperations().createTask(job, new TaskAddParameter()
                        .withId("square-" + n)
                        .withCommandLine("/bin/sh -c 'echo $((" + n + " * " + n + "))'"));
            }
            await(client, job);
            for (int n = 1; n <= NUMBERS; n++) {
                System.out.println(n + " squared is " + printed(client, job, "square-" + n));
            }
        } finally {
            client.jobOperations().deleteJob(job);
        }
        System.exit(0); // the client's connection pool would keep the JVM for a minute
    }

    private static void await(BatchClient client, String job) throws Exception {
        long deadline = System.currentTimeMillis() + PATIENCE;
        while (client.jobOperations().getTaskCounts(job).completed() < NUMBERS) {
            if (System.currentTimeMillis() > deadline) {
                throw new IllegalStateException("not all tasks of job " + job + " completed in time");
            }
            Thread.sleep(200);
        }
    }

    private static String printed(BatchClient client, String job, String task) throws Exception {
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        client.fileOperations().getFileFromTask(job, task, "stdout.txt", text);
        return text.toString(StandardCharsets.UTF_8).trim();
    }
}
