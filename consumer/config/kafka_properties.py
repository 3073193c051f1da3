"""Knows the names of librdkafka's properties, and asks librdkafka whether it takes a value.

The list is for suggestions and for names written in the environment; whether a property exists is
answered by the librdkafka that is installed, which may know more of them.
"""

import re

from confluent_kafka import KafkaException, Producer

Value = str | int | float | bool

_NAMES = """
    acks allow.auto.create.topics api.version.fallback.ms api.version.request
    api.version.request.timeout.ms auto.commit.enable auto.commit.interval.ms auto.offset.reset
    batch.num.messages batch.size bootstrap.servers broker.address.family broker.address.ttl
    broker.version.fallback check.crcs client.dns.lookup client.id client.rack compression.codec
    compression.level compression.type connections.max.idle.ms consume.callback.max.messages
    coordinator.query.interval.ms debug delivery.report.only.error delivery.timeout.ms
    enable.auto.commit enable.auto.offset.store enable.gapless.guarantee enable.idempotence
    enable.metrics.push enable.partition.eof enable.random.seed
    enable.sasl.oauthbearer.unsecure.jwt enable.ssl.certificate.verification
    fetch.error.backoff.ms fetch.max.bytes fetch.message.max.bytes fetch.min.bytes
    fetch.queue.backoff.ms fetch.wait.max.ms group.id group.instance.id group.protocol
    group.protocol.type group.remote.assignor heartbeat.interval.ms https.ca.location
    https.ca.pem internal.termination.signal isolation.level linger.ms log.connection.close
    log.queue log.thread.name log_level max.in.flight max.in.flight.requests.per.connection
    max.partition.fetch.bytes max.poll.interval.ms max.poll.records message.copy.max.bytes
    message.max.bytes message.send.max.retries message.timeout.ms metadata.broker.list
    metadata.max.age.ms metadata.recovery.rebootstrap.trigger.ms metadata.recovery.strategy
    offset.store.method offset.store.path offset.store.sync.interval.ms
    partition.assignment.strategy partitioner plugin.library.paths produce.offset.report
    queue.buffering.backpressure.threshold queue.buffering.max.kbytes
    queue.buffering.max.messages queue.buffering.max.ms queued.max.messages.kbytes
    queued.min.messages queuing.strategy receive.message.max.bytes reconnect.backoff.jitter.ms
    reconnect.backoff.max.ms reconnect.backoff.ms request.required.acks request.timeout.ms
    retries retry.backoff.max.ms retry.backoff.ms sasl.kerberos.keytab sasl.kerberos.kinit.cmd
    sasl.kerberos.min.time.before.relogin sasl.kerberos.principal sasl.kerberos.service.name
    sasl.mechanism sasl.mechanisms sasl.oauthbearer.assertion.algorithm
    sasl.oauthbearer.assertion.claim.aud sasl.oauthbearer.assertion.claim.exp.seconds
    sasl.oauthbearer.assertion.claim.iss sasl.oauthbearer.assertion.claim.jti.include
    sasl.oauthbearer.assertion.claim.nbf.seconds sasl.oauthbearer.assertion.claim.sub
    sasl.oauthbearer.assertion.file sasl.oauthbearer.assertion.jwt.template.file
    sasl.oauthbearer.assertion.private.key.file
    sasl.oauthbearer.assertion.private.key.passphrase sasl.oauthbearer.assertion.private.key.pem
    sasl.oauthbearer.client.credentials.client.id
    sasl.oauthbearer.client.credentials.client.secret sasl.oauthbearer.client.id
    sasl.oauthbearer.client.secret sasl.oauthbearer.config sasl.oauthbearer.extensions
    sasl.oauthbearer.grant.type sasl.oauthbearer.metadata.authentication.type
    sasl.oauthbearer.method sasl.oauthbearer.scope sasl.oauthbearer.sub.claim.name
    sasl.oauthbearer.token.endpoint.url sasl.password sasl.username security.protocol
    session.timeout.ms share.acknowledgement.mode socket.blocking.max.ms
    socket.connection.setup.timeout.ms socket.keepalive.enable socket.max.fails
    socket.nagle.disable socket.receive.buffer.bytes socket.send.buffer.bytes socket.timeout.ms
    ssl.ca.certificate.stores ssl.ca.location ssl.ca.pem ssl.certificate.location
    ssl.certificate.pem ssl.cipher.suites ssl.crl.location ssl.curves.list
    ssl.endpoint.identification.algorithm ssl.engine.id ssl.engine.location ssl.key.location
    ssl.key.password ssl.key.pem ssl.keystore.location ssl.keystore.password ssl.providers
    ssl.sigalgs.list statistics.interval.ms sticky.partitioning.linger.ms topic.blacklist
    topic.metadata.propagation.max.ms topic.metadata.refresh.fast.cnt
    topic.metadata.refresh.fast.interval.ms topic.metadata.refresh.interval.ms
    topic.metadata.refresh.sparse transaction.timeout.ms transactional.id
"""
KNOWN = frozenset(_NAMES.split())

SECRET = re.compile(r"pass?w|secret|passphrase|key\.pem$|^sasl\.oauthbearer\.config$")
"""`pasword` and `passwort` too: what a misspelt name holds is a password all the same."""
_BY_ENVIRONMENT = {name.replace(".", "_").upper(): name for name in KNOWN}
_UNKNOWN = "no.such.property"
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


def is_secret(name: str) -> bool:
    """True if the value of a property must never be shown."""
    return SECRET.search(name) is not None


def from_environment(segment: str) -> str:
    """The property that `BOOTSTRAP_SERVERS` stands for: a known name that is written so, else the
    one that has a dot for each `_`."""
    return _BY_ENVIRONMENT.get(segment.upper(), segment.lower().replace("_", "."))


def complaint(name: str, value: Value) -> str | None:
    """Returns librdkafka's objection to this property; empty text where it does not know the name.

    Asked by constructing a client that cannot come to be, because a second property is unknown:
    librdkafka looks at properties in turn and stops at the first that it refuses.
    """
    text = str(value).lower() if isinstance(value, bool) else value
    try:
        Producer({name: text, _UNKNOWN: ""})
    except KafkaException as error:
        reason = str(error.args[0].str())
    except (TypeError, AttributeError):  # a call-back, which no text can be
        return "is a call-back, which no configuration can set"
    if reason == f'No such configuration property: "{_UNKNOWN}"':
        # It would read `5 s` as 5 milliseconds.
        in_words = name.endswith(".ms") and not _NUMBER.fullmatch(str(value))
        return "librdkafka wants a number of milliseconds, without a unit" if in_words else None
    if reason == f'No such configuration property: "{name}"':
        return ""
    if is_secret(name):
        return "librdkafka refuses this value"
    return "librdkafka says: " + reason.replace(f' for configuration property "{name}"', "")
