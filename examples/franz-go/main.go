// Exactly once, with franz-go: a group transact session ties the transaction to the membership of the group.
package main

import (
	"context"
	"log"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

func main() {
	session, err := kgo.NewGroupTransactSession(
		kgo.SeedBrokers(strings.Split(os.Getenv("KAFKA_BOOTSTRAP_SERVERS"), ",")...),
		kgo.TransactionalID(os.Getenv("TRANSACTIONAL_ID")),
		kgo.TransactionTimeout(10*time.Second),
		kgo.DefaultProduceTopic(os.Getenv("OUTPUT_TOPIC")),
		kgo.ConsumerGroup(os.Getenv("GROUP_ID")),
		kgo.ConsumeTopics(os.Getenv("INPUT_TOPIC")),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.SessionTimeout(6*time.Second),
		kgo.HeartbeatInterval(time.Second),
	)
	if err != nil {
		log.Fatal(err)
	}
	stopping, _ := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	for stopping.Err() == nil {
		forward(stopping, session)
	}
	session.Close()
}

// forward takes what has come and passes it on, in one transaction: it commits all of it, or nothing.
func forward(stopping context.Context, session *kgo.GroupTransactSession) {
	fetches := session.PollRecords(stopping, 200)
	fetches.EachError(func(topic string, partition int32, err error) {
		log.Printf("%s[%d]: %v", topic, partition, err)
	})
	if fetches.NumRecords() == 0 {
		return
	}
	if err := session.Begin(); err != nil {
		log.Fatal(err)
	}
	ctx := context.Background() // a transaction that has begun is ended
	failed := kgo.AbortingFirstErrPromise(session.Client())
	fetches.EachRecord(func(record *kgo.Record) {
		session.Produce(ctx, &kgo.Record{Key: record.Key, Value: record.Value, Headers: record.Headers}, failed.Promise())
	})
	committed, err := session.End(ctx, failed.Err() == nil)
	switch {
	case err != nil:
		log.Fatal(err) // a restart begins at what is committed
	case !committed:
		log.Print("aborted, as the group has rebalanced: the session goes on from what is committed")
	}
}
