"""Code samples about distributed Qdrant, as people find and copy them, against peers of Tributary.

Usage: seed_samples.py URL [URL ...]

Only addresses differ from what is published, and what the samples leave open: `embedding`, `query_embedding` and
`points=[...]`. A sample that no Qdrant client can run is followed by the nearest one that does; what is wrong with it
is said there and asserted. Prints the name of each sample that passed.
"""

import sys
import types
from urllib.parse import urlparse

from pydantic import ValidationError
from qdrant_client import QdrantClient, models as rest
from qdrant_client.http.exceptions import UnexpectedResponse

from seed_classes import (
    ClusterHealthChecker,
    GeoRoutedSearchService,
    ReadReplicaPool,
    SmartLoadBalancer,
)

URLS = sys.argv[1:]
HOST, PORT = urlparse(URLS[0]).hostname, urlparse(URLS[0]).port

embedding = [0.25] * 768 + [0.5] * 768
query_embedding = [0.25] * 700 + [0.5] * 836
# `search` left the client with version 1.16.
HAS_SEARCH = hasattr(QdrantClient, "search")


def points():
    return [rest.PointStruct(id=i, vector=embedding, payload={"i": i}) for i in range(5)]


def raised(kind, run):
    try:
        run()
    except kind as error:
        return str(error)
    raise AssertionError(f"no {kind}")


def params_of(client, name):
    return client.get_collection(name).config.params


def automatic_sharding():
    from qdrant_client import QdrantClient
    from qdrant_client.models import Distance, VectorParams

    client = QdrantClient(url=URLS[0])

    client.create_collection(
        collection_name="embeddings",
        vectors_config=VectorParams(
            size=1536,
            distance=Distance.COSINE
        ),
        shard_number=6,
        replication_factor=2,
        write_consistency_factor=1
    )

    params = params_of(client, "embeddings")
    assert (params.shard_number, params.replication_factor) == (6, 2)
    assert params.write_consistency_factor == 1
    assert params.vectors == VectorParams(size=1536, distance=Distance.COSINE)


def user_defined_sharding():
    """Runs with no Qdrant: "doc_123" is no point id, and a point has no `shard_key`. Shard keys are not there yet."""
    client = QdrantClient(url=URLS[0])

    def upsert():
        client.upsert(
            collection_name="embeddings",
            points=[
                {
                    "id": "doc_123",
                    "vector": embedding,
                    "payload": {"tenant": "acme_corp"},
                    "shard_key": "acme_corp"
                }
            ]
        )

    said = raised((ValidationError, UnexpectedResponse, AttributeError), upsert)
    assert said
    # Nearest: the tenant as a payload, filtered by.
    tenant = rest.PointStruct(id=123, vector=embedding, payload={"tenant": "acme_corp"})
    client.upsert(collection_name="embeddings", points=[tenant])
    match = rest.FieldCondition(key="tenant", match=rest.MatchValue(value="acme_corp"))
    found = client.query_points(
        "embeddings", query=query_embedding, limit=10, query_filter=rest.Filter(must=[match])
    )
    assert [point.id for point in found.points] == [123]
    client.delete("embeddings", points_selector=[123])


def shard_transfer_method():
    """Runs with no Qdrant: the optimizer has no `shard_transfer_method`."""
    client = QdrantClient(url=URLS[0])

    def update():
        client.update_collection(
            collection_name="embeddings",
            optimizer_config={
                "shard_transfer_method": "snapshot"
            }
        )

    raised((ValidationError, UnexpectedResponse), update)
    # Nearest: an update of what the optimizer does have.
    assert client.update_collection(
        collection_name="embeddings", optimizers_config={"indexing_threshold": 20000}
    )


def replication():
    from qdrant_client.models import Distance, VectorParams

    client = QdrantClient(url=URLS[0])
    client.delete_collection("embeddings")

    client.create_collection(
        collection_name="embeddings",
        vectors_config=VectorParams(
            size=1536,
            distance=Distance.COSINE
        ),
        shard_number=4,
        replication_factor=3
    )

    params = params_of(client, "embeddings")
    assert (params.shard_number, params.replication_factor) == (4, 3)


def consistency_levels():
    from qdrant_client.models import WriteOrdering, ReadConsistency

    client = QdrantClient(url=URLS[0])

    client.upsert(
        collection_name="embeddings",
        points=points(),
        ordering=WriteOrdering.STRONG
    )

    # In no client does `ReadConsistency` have members: they are those of `ReadConsistencyType`.
    raised(AttributeError, lambda: ReadConsistency.MAJORITY)
    for consistency in [rest.ReadConsistencyType.MAJORITY, rest.ReadConsistencyType.ALL, 2]:
        if HAS_SEARCH:
            results = client.search(
                collection_name="embeddings",
                query_vector=query_embedding,
                limit=10,
                consistency=consistency
            )
            assert len(results) == 5
        results = client.query_points(
            collection_name="embeddings",
            query=query_embedding,
            limit=10,
            consistency=consistency
        ).points
        assert sorted(point.id for point in results) == [0, 1, 2, 3, 4]


def write_consistency_factor():
    """Runs with no Qdrant client: the factor is one of the collection's parameters."""
    client = QdrantClient(url=URLS[0])

    def update():
        client.update_collection(
            collection_name="embeddings",
            write_consistency_factor=2
        )

    assert "write_consistency_factor" in raised(AssertionError, update)
    factor = rest.CollectionParamsDiff(write_consistency_factor=2)
    assert client.update_collection(collection_name="embeddings", collection_params=factor)
    assert params_of(client, "embeddings").write_consistency_factor == 2


def search_with(client, collection, vector, top_k):
    """What `client.search` of the samples has become in clients from 1.16 on."""
    return client.query_points(collection_name=collection, query=vector, limit=top_k).points


def read_replica_pool():
    pool = ReadReplicaPool(URLS[0], URLS[1:])
    assert pool.upsert("embeddings", points()).status == rest.UpdateStatus.COMPLETED
    for _ in range(6):
        if HAS_SEARCH:
            found = pool.search("embeddings", query_embedding, top_k=3)
        else:
            found = search_with(pool.get_read_client(), "embeddings", query_embedding, 3)
        assert len(found) == 3
    without = ReadReplicaPool(URLS[0], [])
    assert without.get_read_client() is without.primary


def smart_load_balancer():
    clients = [QdrantClient(url=url) for url in URLS]
    balancer = SmartLoadBalancer(clients)
    for index in range(len(clients)):
        chosen = balancer.get_client()
        assert chosen is clients[index]
        assert len(search_with(chosen, "embeddings", query_embedding, 3)) == 3
        balancer.record_latency(index, 10.0 + index)
    balancer.mark_unhealthy(0)
    assert balancer.get_client() is clients[1]
    balancer.mark_healthy(0)
    assert balancer.get_client() is clients[0]


class ClientOfTheSample:
    """Gives the sample's class what it asks for by the names that clients have for it."""

    def __init__(self, client: QdrantClient):
        self.client = client

    def get_cluster_info(self):
        return self.client.http.distributed_api.cluster_status().result

    def get_collection(self, collection):
        info = self.client.get_collection(collection)
        shards = self.client.http.distributed_api.collection_cluster_info(collection).result
        return types.SimpleNamespace(
            status=info.status,
            vectors_count=info.points_count,
            indexed_vectors_count=info.indexed_vectors_count,
            segments_count=info.segments_count,
            shards_info=shards.local_shards,
        )


def cluster_health_checker():
    client = QdrantClient(url=URLS[0])
    checker = ClusterHealthChecker(client)
    # No client has `get_cluster_info`, and no server answers `shards_info`.
    raised(AttributeError, checker.get_cluster_info)
    raised(AttributeError, lambda: checker.check_collection_health("embeddings"))
    nearest = ClusterHealthChecker(ClientOfTheSample(client))
    info = nearest.get_cluster_info()
    assert str(info["peer_id"]) in info["peers"], info
    assert len(info["peers"]) == len(URLS)
    assert info["raft_info"]["commit"] >= 1
    health = nearest.check_collection_health("embeddings")
    assert health["status"] == rest.CollectionStatus.GREEN
    assert health["vectors_count"] == 5
    assert all(shard["state"] == rest.ReplicaState.ACTIVE for shard in health["shards"])


class Reader:
    """Stands in for the database of addresses, which has to be bought or registered for."""

    def __init__(self, path):
        self.countries = {"192.0.2.1": "DE", "192.0.2.2": "JP"}

    def country(self, address):
        code = self.countries[address]
        return types.SimpleNamespace(country=types.SimpleNamespace(iso_code=code))


def geo_routed_search():
    sys.modules["geoip2"] = types.ModuleType("geoip2")
    sys.modules["geoip2.database"] = types.ModuleType("geoip2.database")
    sys.modules["geoip2"].database = sys.modules["geoip2.database"]
    sys.modules["geoip2.database"].Reader = Reader
    names = ["us-east", "eu-west", "asia-pacific"]
    clients = {name: QdrantClient(url=URLS[i % len(URLS)]) for i, name in enumerate(names)}
    service = GeoRoutedSearchService(clients, "GeoLite2-Country.mmdb")
    expected = {"192.0.2.1": "eu-west", "192.0.2.2": "asia-pacific", "198.51.100.1": "us-east"}
    for address, region in expected.items():
        assert service.get_region(address) == region
        if HAS_SEARCH:
            found = service.search(query_embedding, address, "embeddings", top_k=4)
        else:
            found = search_with(clients[region], "embeddings", query_embedding, 4)
        assert len(found) == 4


def recreate_with_shards():
    from qdrant_client import QdrantClient
    from qdrant_client.http import models

    client = QdrantClient(host=HOST, port=PORT)

    client.recreate_collection(
        collection_name="{collection_name}",
        vectors_config=models.VectorParams(size=300, distance=models.Distance.COSINE),
        shard_number=6
    )
    assert params_of(client, "{collection_name}").shard_number == 6
    # As published, with `name=`, it lacks an argument in every client of today.
    raised(
        (TypeError, AssertionError),
        lambda: client.recreate_collection(
            name="{collection_name}",
            vectors_config=models.VectorParams(size=300, distance=models.Distance.COSINE),
            shard_number=6
        ),
    )


def recreate_with_replicas():
    from qdrant_client.http import models

    client = QdrantClient(host=HOST, port=PORT)

    client.recreate_collection(
        collection_name="{collection_name}",
        vectors_config=models.VectorParams(size=300, distance=models.Distance.COSINE),
        shard_number=6,
        replication_factor=2,
    )
    params = params_of(client, "{collection_name}")
    assert (params.shard_number, params.replication_factor) == (6, 2)


def recreate_with_write_concern():
    """Runs with no client of today: the write concern is now the write consistency."""
    from qdrant_client.http import models

    client = QdrantClient(host=HOST, port=PORT)

    def recreate(**factor):
        client.recreate_collection(
            collection_name="{collection_name}",
            vectors_config=models.VectorParams(size=300, distance=models.Distance.COSINE),
            shard_number=6,
            replication_factor=2,
            **factor
        )

    raised((AssertionError, TypeError), lambda: recreate(write_concern_factor=2))
    recreate(write_consistency_factor=2)
    assert params_of(client, "{collection_name}").write_consistency_factor == 2


SAMPLES = [automatic_sharding, user_defined_sharding, shard_transfer_method, replication]
SAMPLES += [consistency_levels, write_consistency_factor, read_replica_pool, smart_load_balancer]
SAMPLES += [cluster_health_checker, geo_routed_search, recreate_with_shards]
SAMPLES += [recreate_with_replicas, recreate_with_write_concern]

cleaner = QdrantClient(url=URLS[0])
for name in ["embeddings", "{collection_name}"]:
    cleaner.delete_collection(name)
for sample in SAMPLES:
    sample()
    print(sample.__name__, flush=True)
