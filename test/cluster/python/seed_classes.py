"""The classes of the samples, as they are published; seed_samples.py puts them to work."""

import random
from typing import Dict, List

from qdrant_client import QdrantClient


class ReadReplicaPool:
    def __init__(
        self,
        primary_url: str,
        replica_urls: List[str]
    ):
        self.primary = QdrantClient(url=primary_url)
        self.replicas = [QdrantClient(url=url) for url in replica_urls]

    def get_write_client(self) -> QdrantClient:
        return self.primary

    def get_read_client(self) -> QdrantClient:
        if not self.replicas:
            return self.primary
        return random.choice(self.replicas)

    def search(self, collection: str, query_vector: list, top_k: int = 10):
        client = self.get_read_client()
        return client.search(
            collection_name=collection,
            query_vector=query_vector,
            limit=top_k
        )

    def upsert(self, collection: str, points: list):
        client = self.get_write_client()
        return client.upsert(
            collection_name=collection,
            points=points
        )


class SmartLoadBalancer:
    def __init__(self, clients: List[QdrantClient]):
        self.clients = clients
        self.health_status = {i: True for i in range(len(clients))}
        self.latencies = {i: 0.0 for i in range(len(clients))}

    def get_client(self) -> QdrantClient:
        healthy = [
            (i, self.latencies[i])
            for i in range(len(self.clients))
            if self.health_status[i]
        ]

        if not healthy:
            return self.clients[0]

        healthy.sort(key=lambda x: x[1])
        return self.clients[healthy[0][0]]

    def record_latency(self, client_index: int, latency_ms: float):
        alpha = 0.3
        self.latencies[client_index] = (
            alpha * latency_ms +
            (1 - alpha) * self.latencies[client_index]
        )

    def mark_unhealthy(self, client_index: int):
        self.health_status[client_index] = False

    def mark_healthy(self, client_index: int):
        self.health_status[client_index] = True


class ClusterHealthChecker:
    def __init__(self, client: QdrantClient):
        self.client = client

    def get_cluster_info(self) -> dict:
        info = self.client.get_cluster_info()

        return {
            "peer_id": info.peer_id,
            "peers": {
                peer_id: {
                    "uri": peer.uri,
                    "status": "active"
                }
                for peer_id, peer in info.peers.items()
            },
            "raft_info": {
                "term": info.raft_info.term,
                "commit": info.raft_info.commit,
                "leader": info.raft_info.leader
            }
        }

    def check_collection_health(self, collection: str) -> dict:
        info = self.client.get_collection(collection)

        return {
            "status": info.status,
            "vectors_count": info.vectors_count,
            "indexed_vectors_count": info.indexed_vectors_count,
            "segments_count": info.segments_count,
            "shards": [
                {
                    "shard_id": shard.shard_id,
                    "points_count": shard.points_count,
                    "state": shard.state
                }
                for shard in info.shards_info
            ]
        }


class GeoRoutedSearchService:
    def __init__(
        self,
        regional_clients: Dict[str, QdrantClient],
        geoip_db_path: str
    ):
        import geoip2.database

        self.clients = regional_clients
        self.geoip = geoip2.database.Reader(geoip_db_path)

        self.country_to_region = {
            "US": "us-east",
            "CA": "us-east",
            "GB": "eu-west",
            "DE": "eu-west",
            "FR": "eu-west",
            "JP": "asia-pacific",
            "AU": "asia-pacific",
        }

        self.default_region = "us-east"

    def get_region(self, client_ip: str) -> str:
        try:
            response = self.geoip.country(client_ip)
            country = response.country.iso_code
            return self.country_to_region.get(country, self.default_region)
        except Exception:
            return self.default_region

    def search(
        self,
        query_vector: list,
        client_ip: str,
        collection: str,
        top_k: int = 10
    ):
        region = self.get_region(client_ip)
        client = self.clients[region]

        return client.search(
            collection_name=collection,
            query_vector=query_vector,
            limit=top_k
        )
