// At least once, with kafkajs: records of different keys are sent side by side; a batch is committed when all have arrived.
const { Kafka, logLevel } = require('kafkajs')

const { KAFKA_BOOTSTRAP_SERVERS, GROUP_ID, INPUT_TOPIC, OUTPUT_TOPIC } = process.env

const kafka = new Kafka({
  clientId: 'order-forwarder',
  brokers: KAFKA_BOOTSTRAP_SERVERS.split(','),
  logLevel: logLevel.WARN,
})
const consumer = kafka.consumer({ groupId: GROUP_ID, sessionTimeout: 6000, heartbeatInterval: 1000 })
let producer = kafka.producer({ idempotent: true })

async function forward({ batch, resolveOffset, heartbeat }) {
  let waiting = batch.messages
  while (waiting.length > 0) {
    const next = firstOfEachKey(waiting)
    const outcomes = await Promise.allSettled(next.map(send))
    const arrived = new Set(next.filter((_, index) => outcomes[index].status === 'fulfilled'))
    waiting = waiting.filter((message) => !arrived.has(message))
    if (arrived.size < next.length) {
      await producer.disconnect()
      producer = kafka.producer({ idempotent: true }) // what became of the old one's sequence numbers is not known
      await producer.connect()
    }
    await heartbeat()
  }
  resolveOffset(batch.lastOffset())
}

const firstOfEachKey = (messages) => [
  ...new Map(messages.toReversed().map((message) => [String(message.key), message])).values(),
]

const send = ({ key, value, headers }) =>
  producer.send({ topic: OUTPUT_TOPIC, messages: [{ key, value, headers }] })

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
  await consumer.run({ eachBatch: forward })
}

main().catch((error) => {
  console.error(error)
  process.exit(1)
})
