// Exactly once, with kafkajs: what its documentation calls a consume-transform-produce loop.
const { Kafka, logLevel } = require('kafkajs')

const { KAFKA_BOOTSTRAP_SERVERS, GROUP_ID, INPUT_TOPIC, OUTPUT_TOPIC, TRANSACTIONAL_ID } = process.env

const kafka = new Kafka({
  clientId: 'order-forwarder',
  brokers: KAFKA_BOOTSTRAP_SERVERS.split(','),
  logLevel: logLevel.WARN,
})
const consumer = kafka.consumer({ groupId: GROUP_ID, sessionTimeout: 6000, heartbeatInterval: 1000 })
const producer = kafka.producer({
  transactionalId: TRANSACTIONAL_ID,
  transactionTimeout: 10000,
  idempotent: true,
  maxInFlightRequests: 1,
})

// One transaction: it commits all of the batch, or nothing.
async function forward({ batch }) {
  const { topic, partition, messages } = batch
  const transaction = await producer.transaction()
  try {
    await transaction.send({
      topic: OUTPUT_TOPIC,
      messages: messages.map(({ key, value, headers }) => ({ key, value, headers })),
    })
    const offset = String(BigInt(batch.lastOffset()) + 1n)
    await transaction.sendOffsets({
      consumerGroupId: GROUP_ID,
      topics: [{ topic, partitions: [{ partition, offset }] }],
    })
    await transaction.commit()
  } catch (error) {
    await transaction.abort()
    throw error // the batch is tried again
  }
}

async function main() {
  consumer.on(consumer.events.CRASH, ({ payload }) => {
    if (!payload.restart) process.exit(1)
  })
  process.once('SIGTERM', async () => {
    await consumer.disconnect()
    await producer.disconnect()
    process.exit(0)
  })
  await producer.connect()
  await consumer.connect()
  await consumer.subscribe({ topic: INPUT_TOPIC, fromBeginning: true })
  await consumer.run({ autoCommit: false, eachBatch: forward })
}

main().catch((error) => {
  console.error(error)
  process.exit(1)
})
