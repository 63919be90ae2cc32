package forward;

import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.kafka.annotation.KafkaListener;
import org.springframework.kafka.core.KafkaTemplate;

/** Exactly once, with Spring Kafka: a transaction id prefix has Boot set up all of it (application.properties). */
@SpringBootApplication
public class Forward {
    private final KafkaTemplate<String, String> template;
    private final String output;

    Forward(KafkaTemplate<String, String> template, @Value("${OUTPUT_TOPIC}") String output) {
        this.template = template;
        this.output = output;
    }

    public static void main(String[] arguments) {
        SpringApplication.run(Forward.class, arguments);
    }

    /** The container begins a transaction, which takes the offsets too, and commits it when this returns. */
    @KafkaListener(topics = "${INPUT_TOPIC}")
    void forward(List<ConsumerRecord<String, String>> orders) {
        for (var order : orders) {
            template.send(new ProducerRecord<>(output, null, order.key(), order.value(), order.headers()));
        }
    }
}
