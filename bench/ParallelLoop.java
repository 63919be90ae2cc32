import io.confluent.parallelconsumer.ParallelConsumerOptions;
import io.confluent.parallelconsumer.ParallelStreamProcessor;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** Confluent's parallel consumer by key: prints the seconds from the first record begun to the last record done. */
public class ParallelLoop {
    public static void main(String[] arguments) throws InterruptedException {
        int workers = Integer.parseInt(arguments[3]), records = Integer.parseInt(arguments[4]);
        Properties settings = new Properties();
        settings.put("bootstrap.servers", arguments[0]);
        settings.put("group.id", arguments[2]);
        settings.put("enable.auto.commit", "false");
        settings.put("auto.offset.reset", "earliest");
        settings.put("isolation.level", "read_committed");
        settings.put("key.deserializer", ByteArrayDeserializer.class.getName());
        settings.put("value.deserializer", ByteArrayDeserializer.class.getName());
        var options = ParallelConsumerOptions.<byte[], byte[]>builder()
            .consumer(new KafkaConsumer<>(settings))
            .ordering(ParallelConsumerOptions.ProcessingOrder.KEY)
            .maxConcurrency(workers)
            .build();
        var begun = new AtomicLong();
        var done = new AtomicInteger();
        var over = new CountDownLatch(1);
        try (var processor = ParallelStreamProcessor.createEosStreamProcessor(options)) {
            processor.subscribe(List.of(arguments[1]));
            processor.poll(context -> {
                begun.compareAndSet(0, System.nanoTime());
                long until = System.nanoTime() + 1000 * Long.parseLong(new String(context.getSingleConsumerRecord().value()));
                for (long left; (left = until - System.nanoTime()) > 0;) LockSupport.parkNanos(left);
                if (done.incrementAndGet() == records) over.countDown();
            });
            over.await();
            System.out.println((System.nanoTime() - begun.get()) / 1e9);
        }
    }
}
