// A pipeline that is not ours: a share group, at least once, record in, record out. What cannot be processed is buried in a
// topic of dead letters. WRONG is "none" for a right one; "early" acknowledges before the effect is there, "silent" lets go of
// what it cannot process until the broker gives it up.
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.Future;
import org.apache.kafka.clients.consumer.AcknowledgeType;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

public class ShareForward {
    public static void main(String[] args) throws Exception {
        String servers = args[0], group = args[1], input = args[2], output = args[3], letters = args[4], wrong = args[5];
        Properties reading = new Properties();
        reading.put("bootstrap.servers", servers);
        reading.put("group.id", group);
        reading.put("share.acknowledgement.mode", "explicit");
        reading.put("max.poll.records", "20");
        Properties writing = new Properties();
        writing.put("bootstrap.servers", servers);
        var consumer = new KafkaShareConsumer<>(reading, new ByteArrayDeserializer(), new ByteArrayDeserializer());
        var producer = new KafkaProducer<>(writing, new ByteArraySerializer(), new ByteArraySerializer());
        Thread main = Thread.currentThread();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            consumer.wakeup();
            try {
                main.join();
            } catch (InterruptedException ignored) {
            }
        }));
        try (consumer; producer) {
            consumer.subscribe(List.of(input));
            while (true) {
                var records = consumer.poll(Duration.ofMillis(200));
                if (wrong.equals("early")) {
                    records.forEach(record -> consumer.acknowledge(record, AcknowledgeType.ACCEPT));
                    consumer.commitSync();
                    Thread.sleep(20);
                }
                List<Future<?>> sent = new ArrayList<>();
                for (ConsumerRecord<byte[], byte[]> record : records) {
                    boolean poison = isPoison(record.value());
                    if (poison && wrong.equals("silent")) {
                        consumer.acknowledge(record, AcknowledgeType.RELEASE);
                        continue;
                    }
                    sent.add(producer.send(new ProducerRecord<>(
                        poison ? letters : output, null, record.key(), record.value(), record.headers())));
                    if (!wrong.equals("early")) {
                        consumer.acknowledge(record, poison ? AcknowledgeType.REJECT : AcknowledgeType.ACCEPT);
                    }
                }
                for (Future<?> each : sent) {
                    each.get();
                }
                consumer.commitSync();
            }
        } catch (WakeupException stopping) {
            // asked to stop: what was not acknowledged is let go by close()
        }
    }

    static boolean isPoison(byte[] value) {
        try {
            JsonNode order = new ObjectMapper().readTree(value);
            return !order.path("order_id").isTextual() || !List.of("placed", "paid").contains(order.path("status").asText());
        } catch (IOException broken) {
            return true;
        }
    }
}
