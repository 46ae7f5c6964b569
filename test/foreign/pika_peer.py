"""A foreign publisher and consumer, as anybody would write it with pika: no OpenTelemetry, nothing of Tracepost.

    pika_peer.py publish   one notification to an agent, in the form of the documented message, with a traceparent of its own
    pika_peer.py serve     an agent of its own: announces itself, takes one notification, tells what becomes of it
    pika_peer.py encode    prints a header table as pika writes it, in hex

Settings come as JSON on standard input, answers go as JSON lines to standard output.
"""

import datetime
import hashlib
import json
import sys
import time

import pika
import pika.data


def main():
    settings = json.load(sys.stdin)
    {"publish": publish, "serve": serve, "encode": encode}[sys.argv[1]](settings)


def publish(settings):
    with connect(settings) as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        headers = dict(settings["headers"])
        if settings.get("asBytes"):
            headers = {name: value.encode() if isinstance(value, str) else value for name, value in headers.items()}
        properties = pika.BasicProperties(
            content_type="application/json",
            delivery_mode=2,
            message_id=settings["body"]["id"],
            type=settings["body"]["type"],
            app_id="pika",
            timestamp=int(time.time()),
            headers=headers,
        )
        # Raises when no queue takes it.
        channel.basic_publish(
            "agents", f"agent.{settings['agentId']}", json.dumps(settings["body"]).encode(), properties, mandatory=True
        )
        tell({"published": settings["body"]["id"], "pika": pika.__version__})


def serve(settings):
    agent_id = settings["agentId"]
    queue = f"agent.{agent_id}"
    with connect(settings) as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        announce(channel, agent_id)
        # The gateway declares the queue when it hears of the agent.
        channel = wait_for_queue(connection, queue)
        tell({"ready": agent_id})
        for method, properties, body in channel.consume(queue, inactivity_timeout=settings["waitSeconds"]):
            if method is None:
                raise SystemExit("no notification came")
            tell(
                {
                    "headers": {name: readable(value) for name, value in (properties.headers or {}).items()},
                    "properties": {
                        "messageId": properties.message_id,
                        "correlationId": properties.correlation_id,
                        "type": properties.type,
                        "appId": properties.app_id,
                        "priority": properties.priority,
                        "contentType": properties.content_type,
                        "deliveryMode": properties.delivery_mode,
                    },
                    "body": json.loads(body),
                }
            )
            work(channel, agent_id, properties, json.loads(body))
            channel.basic_ack(method.delivery_tag)
            break
        channel.cancel()


def work(channel, agent_id, properties, envelope):
    """The two events that make a record: it has begun, and it has ended."""
    task = {
        "taskId": envelope["id"],
        "agentId": agent_id,
        "notificationType": envelope["type"],
        "tenantId": properties.headers["x-tenant-id"],
        "priority": "high",
        "acceptedAt": envelope["time"],
        "source": envelope["source"],
        "sessionId": envelope.get("sessionid"),
        "correlationId": envelope["correlationid"],
        "traceId": properties.headers["traceparent"].split("-")[1],
        "parentTaskId": envelope.get("parenttaskid"),
    }
    started_at = now()
    attempt = {"number": 1, "startedAt": started_at, "queueWaitMs": 1, "workerId": "pika-1", "spanId": None}
    tell_event(channel, "started", started_at, task, {"attempt": attempt})
    ended_at = now()
    ending = {
        "attempt": {**attempt, "endedAt": ended_at, "runMs": 2},
        "result": {"echo": envelope["data"]},
        "usage": {
            "inputTokens": 0,
            "outputTokens": 0,
            "cacheReadTokens": 0,
            "modelCalls": 0,
            "toolCalls": 0,
            "costUsd": 0,
            "unpricedCalls": 0,
        },
    }
    tell_event(channel, "succeeded", ended_at, task, ending)


def tell_event(channel, kind, at, task, more):
    text = f"{task['taskId']}\n1\n{kind}".encode()
    event = {
        "eventId": hashlib.sha256(text).hexdigest()[:32],
        "kind": kind,
        "at": at,
        "by": "pika-1",
        "task": task,
        **more,
    }
    publish_event(channel, f"task.{task['agentId']}.{kind}", event)


def announce(channel, agent_id):
    announcement = {
        "agentId": agent_id,
        "description": "Written in Python",
        "version": "1",
        "workerId": "pika-1",
        "capacity": 1,
        "state": "running",
        "at": now(),
        "notificationTypes": [{"type": "python.echo", "description": "Echoes", "schema": {"type": "object"}}],
    }
    publish_event(channel, f"agent.announce.{agent_id}", announcement)


def publish_event(channel, key, content):
    properties = pika.BasicProperties(content_type="application/json", delivery_mode=2)
    channel.basic_publish("events", key, json.dumps(content).encode(), properties)


def wait_for_queue(connection, queue):
    deadline = time.monotonic() + 20
    while True:
        channel = connection.channel()
        try:
            channel.queue_declare(queue, passive=True)
            channel.confirm_delivery()
            return channel
        except pika.exceptions.ChannelClosedByBroker:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def encode(settings):
    pieces = []
    pika.data.encode_table(pieces, settings["headers"])
    tell({"hex": b"".join(pieces).hex()})


def connect(settings):
    credentials = pika.PlainCredentials(settings["username"], settings["password"])
    parameters = pika.ConnectionParameters(
        settings["host"], settings["port"], credentials=credentials, blocked_connection_timeout=20
    )
    return pika.BlockingConnection(parameters)


def now():
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def readable(value):
    return {"bytes": value.hex()} if isinstance(value, bytes) else value


def tell(line):
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
