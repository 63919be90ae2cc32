// At least once, with kafka-go: what is committed is what the broker has acknowledged the effect of.
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

	"github.com/segmentio/kafka-go"
)

func main() {
	servers := strings.Split(os.Getenv("KAFKA_BOOTSTRAP_SERVERS"), ",")
	reader := kafka.NewReader(kafka.ReaderConfig{
		Brokers:           servers,
		GroupID:           os.Getenv("GROUP_ID"),
		Topic:             os.Getenv("INPUT_TOPIC"),
		StartOffset:       kafka.FirstOffset,
		IsolationLevel:    kafka.ReadCommitted,
		SessionTimeout:    6 * time.Second,
		HeartbeatInterval: time.Second,
		MaxWait:           100 * time.Millisecond,
	})
	writer := &kafka.Writer{
		Addr:         kafka.TCP(servers...),
		Topic:        os.Getenv("OUTPUT_TOPIC"),
		Balancer:     &kafka.Murmur2Balancer{},
		RequiredAcks: kafka.RequireAll,
		BatchSize:    1,
	}
	stopping, _ := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	for {
		message, err := reader.FetchMessage(stopping)
		if errors.Is(err, context.Canceled) {
			break
		}
		if err == nil {
			effect := kafka.Message{Key: message.Key, Value: message.Value, Headers: message.Headers}
			err = writer.WriteMessages(context.Background(), effect)
		}
		if err == nil {
			err = reader.CommitMessages(context.Background(), message)
		}
		if err != nil {
			log.Fatal(err) // a restart begins at what is committed
		}
	}
	if err := errors.Join(reader.Close(), writer.Close()); err != nil {
		log.Fatal(err)
	}
}
