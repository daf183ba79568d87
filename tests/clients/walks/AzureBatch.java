import com.microsoft.azure.batch.BatchClient;
import com.microsoft.azure.batch.auth.BatchSharedKeyCredentials;
import com.microsoft.azure.batch.interceptor.BatchClientParallelOptions;
import com.microsoft.azure.batch.protocol.models.CloudTask;
import com.microsoft.azure.batch.protocol.models.PoolInformation;
import com.microsoft.azure.batch.protocol.models.TaskAddParameter;
import com.microsoft.azure.batch.protocol.models.TaskState;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;

/** Java's azure-batch: adds 150 tasks to a job, waits, reads stdout.txt, deletes. */
public class AzureBatch {
    public static void main(String[] arguments) throws Exception {
        String account = System.getenv("BATCH_ACCOUNT"), key = System.getenv("BATCH_KEY"), job = System.getenv("BATCH_JOB");
        BatchClient client = BatchClient.open(new BatchSharedKeyCredentials(System.getenv("BATCH_ENDPOINT"), account, key));
        client.jobOperations().createJob(job, new PoolInformation().withPoolId(System.getenv("BATCH_POOL")));
        List<TaskAddParameter> tasks = new ArrayList<>();
        for (int number = 0; number < 150; number++) {
            String command = "/bin/sh -c 'echo number " + number + "'";
            tasks.add(new TaskAddParameter().withId("t" + number).withCommandLine(command));
        }
        // with one thread, its default, createTasks can wait for ever for a thread that has ended already; with more
        // threads than requests of a hundred tasks it has nothing to wait for
        client.taskOperations().createTasks(job, tasks, List.of(new BatchClientParallelOptions(4)));
        long deadline = System.currentTimeMillis() + 60_000;
        while (!completed(client.taskOperations().listTasks(job))) {
            if (System.currentTimeMillis() > deadline) {
                throw new IllegalStateException("the tasks did not complete");
            }
            Thread.sleep(200);
        }
        ByteArrayOutputStream output = new ByteArrayOutputStream();
        client.fileOperations().getFileFromTask(job, "t149", "stdout.txt", output);
        if (!output.toString().equals("number 149\n")) {
            throw new IllegalStateException(output.toString());
        }
        if (client.jobOperations().getTaskCounts(job).succeeded() != 150) {
            throw new IllegalStateException("not all tasks have succeeded");
        }
        client.jobOperations().deleteJob(job);
        System.out.println("walked");
        System.exit(0);
    }

    private static boolean completed(List<CloudTask> tasks) {
        int number = 0;
        for (CloudTask task : tasks) {
            if (task.state() != TaskState.COMPLETED) {
                return false;
            }
            number++;
        }
        return number == 150;
    }
}
