// At least once, with sarama: each partition has a goroutine, as its consumer groups have it, which commits what it did.
package main

import (
	"context"
	"errors"
	"log"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/IBM/sarama"
)

type forwarder struct {
	producer sarama.SyncProducer
	output   string
}

func (f forwarder) Setup(sarama.ConsumerGroupSession) error   { return nil }
func (f forwarder) Cleanup(sarama.ConsumerGroupSession) error { return nil }

func (f forwarder) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	for {
		select {
		case message, open := <-claim.Messages():
			if !open {
				return nil
			}
			effect := &sarama.ProducerMessage{
				Topic: f.output,
				Key:   sarama.ByteEncoder(message.Key),
				Value: sarama.ByteEncoder(message.Value),
			}
			if _, _, err := f.producer.SendMessage(effect); err != nil {
				return err // nothing is marked: it is done again
			}
			session.MarkMessage(message, "")
			session.Commit()
		case <-session.Context().Done():
			return nil
		}
	}
}

func main() {
	config := sarama.NewConfig()
	config.Version = sarama.V2_8_0_0
	config.Consumer.Offsets.AutoCommit.Enable = false
	config.Consumer.Offsets.Initial = sarama.OffsetOldest
	config.Consumer.IsolationLevel = sarama.ReadCommitted
	config.Consumer.MaxWaitTime = 10 * time.Millisecond // a fetch holds up the commits on its connection
	config.Consumer.Group.Session.Timeout = 6 * time.Second
	config.Consumer.Group.Heartbeat.Interval = time.Second
	config.Producer.RequiredAcks = sarama.WaitForAll
	config.Producer.Return.Successes = true
	servers := strings.Split(os.Getenv("KAFKA_BOOTSTRAP_SERVERS"), ",")
	group, err := sarama.NewConsumerGroup(servers, os.Getenv("GROUP_ID"), config)
	if err != nil {
		log.Fatal(err)
	}
	producer, err := sarama.NewSyncProducer(servers, config)
	if err != nil {
		log.Fatal(err)
	}
	stopping, _ := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	for stopping.Err() == nil {
		err := group.Consume(stopping, []string{os.Getenv("INPUT_TOPIC")}, forwarder{producer, os.Getenv("OUTPUT_TOPIC")})
		if err != nil {
			log.Print(err) // and joins the group again
		}
	}
	if err := errors.Join(group.Close(), producer.Close()); err != nil {
		log.Fatal(err)
	}
}
