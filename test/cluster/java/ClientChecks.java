// What Java programs do with a collection, Spring AI's vector store among them: one line is printed for each check that
// held, and the first that does not ends the program. Arguments: host, gRPC port.

import static io.qdrant.client.ConditionFactory.matchKeyword;
import static io.qdrant.client.ConditionFactory.matchKeywords;
import static io.qdrant.client.ConditionFactory.range;
import static io.qdrant.client.PointIdFactory.id;
import static io.qdrant.client.QueryFactory.fusion;
import static io.qdrant.client.QueryFactory.nearest;
import static io.qdrant.client.ValueFactory.list;
import static io.qdrant.client.ValueFactory.value;
import static io.qdrant.client.VectorsFactory.vectors;
import static io.qdrant.client.WithPayloadSelectorFactory.enable;

import io.qdrant.client.QdrantClient;
import io.qdrant.client.QdrantGrpcClient;
import io.qdrant.client.grpc.Collections.Distance;
import io.qdrant.client.grpc.Collections.PayloadSchemaType;
import io.qdrant.client.grpc.Collections.VectorParams;
import io.qdrant.client.grpc.Common.Filter;
import io.qdrant.client.grpc.Common.PointId;
import io.qdrant.client.grpc.Common.Range;
import io.qdrant.client.grpc.JsonWithInt.Value;
import io.qdrant.client.grpc.Points.Fusion;
import io.qdrant.client.grpc.Points.PointStruct;
import io.qdrant.client.grpc.Points.PrefetchQuery;
import io.qdrant.client.grpc.Points.QueryPoints;
import io.qdrant.client.grpc.Points.ScoredPoint;
import io.qdrant.client.grpc.Points.ScrollPoints;
import io.qdrant.client.grpc.Points.ScrollResponse;
import io.qdrant.client.grpc.Points.SearchPoints;
import io.qdrant.client.grpc.Points.UpdateStatus;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ExecutionException;

public class ClientChecks {
  private static final String NAME = "java";
  private static final int POINTS = 10;

  public static void main(String[] arguments) throws Exception {
    var channel =
        QdrantGrpcClient.newBuilder(arguments[0], Integer.parseInt(arguments[1]), false).build();
    try (var client = new QdrantClient(channel)) {
      collections(client);
      writes(client);
      queries(client);
      reads(client);
      deletes(client);
    }
  }

  private static void collections(QdrantClient client) throws Exception {
    held("no collection", !client.collectionExistsAsync(NAME).get());
    var params = VectorParams.newBuilder().setSize(2).setDistance(Distance.Cosine).build();
    held("created", client.createCollectionAsync(NAME, params).get().getResult());
    held("listed", client.listCollectionsAsync().get().contains(NAME));
    try {
      client.createCollectionAsync(NAME, params).get();
      held("created twice", false);
    } catch (ExecutionException error) {
      held("refused twice", error.getMessage().contains("ALREADY_EXISTS"));
    }
  }

  /** Points on a quarter circle: each is nearer to [1, 0] than the next. Odd ones have a UUID. */
  private static void writes(QdrantClient client) throws Exception {
    List<PointStruct> points = new ArrayList<>();
    for (int n = 0; n < POINTS; n++) {
      double angle = n * Math.PI / 2 / POINTS;
      Map<String, Value> payload =
          Map.of(
              "n", value(n),
              "half", value(n / 2.0),
              "kind", value(n % 2 == 0 ? "even" : "odd"),
              "tags", list(List.of(value("a"), value(n))),
              "doc_content", value("text " + n));
      points.add(
          PointStruct.newBuilder()
              .setId(idOf(n))
              .setVectors(vectors((float) Math.cos(angle), (float) Math.sin(angle)))
              .putAllPayload(payload)
              .build());
    }
    held("upserted", client.upsertAsync(NAME, points).get().getStatus() == UpdateStatus.Completed);
    var index =
        client.createPayloadIndexAsync(
            NAME, "kind", PayloadSchemaType.Keyword, null, true, null, null);
    held("indexed", index.get().getStatus() == UpdateStatus.Completed);
    held("counted", client.countAsync(NAME).get() == POINTS);
  }

  private static void queries(QdrantClient client) throws Exception {
    var nearest = query().setQuery(nearest(1f, 0f)).setLimit(3).build();
    held("nearest", numbersOf(client.queryAsync(nearest).get()).equals(List.of(0L, 1L, 2L)));
    var filter =
        Filter.newBuilder()
            .addMust(matchKeyword("kind", "odd"))
            .addMust(range("n", Range.newBuilder().setGte(3).build()))
            .addMustNot(matchKeywords("doc_content", List.of("text 5")));
    var filtered = query().setQuery(nearest(1f, 0f)).setFilter(filter).setLimit(9).build();
    held("filtered", numbersOf(client.queryAsync(filtered).get()).equals(List.of(3L, 7L, 9L)));
    var search =
        SearchPoints.newBuilder()
            .setCollectionName(NAME)
            .addAllVector(List.of(1f, 0f))
            .setWithPayload(enable(true))
            .setScoreThreshold(0.9f)
            .setLimit(POINTS);
    var found = client.searchAsync(search.build()).get();
    held("scored", numbersOf(found).equals(List.of(0L, 1L, 2L)) && found.get(0).getScore() == 1f);
    var ends =
        query()
            .addPrefetch(PrefetchQuery.newBuilder().setQuery(nearest(1f, 0f)).setLimit(2))
            .addPrefetch(PrefetchQuery.newBuilder().setQuery(nearest(idOf(0))).setLimit(1))
            .setQuery(fusion(Fusion.RRF));
    held("fused", numbersOf(client.queryAsync(ends.build()).get()).equals(List.of(1L, 0L)));
  }

  private static void reads(QdrantClient client) throws Exception {
    var record = client.retrieveAsync(NAME, idOf(3), true, true, null).get().get(0);
    held("retrieved", record.getId().equals(idOf(3)));
    held("a double", record.getPayloadMap().get("half").getDoubleValue() == 1.5);
    held("a list", record.getPayloadMap().get("tags").getListValue().getValuesCount() == 2);
    List<PointId> ids = new ArrayList<>();
    var scroll = ScrollPoints.newBuilder().setCollectionName(NAME).setLimit(4);
    for (ScrollResponse page = null; page == null || page.hasNextPageOffset(); ) {
      if (page != null) scroll.setOffset(page.getNextPageOffset());
      page = client.scrollAsync(scroll.build()).get();
      page.getResultList().forEach(each -> ids.add(each.getId()));
    }
    held("scrolled", ids.size() == POINTS && ids.stream().distinct().count() == POINTS);
  }

  private static void deletes(QdrantClient client) throws Exception {
    var payload = Map.of("seen", value(true));
    var set = client.setPayloadAsync(NAME, payload, idOf(0), true, null, null).get();
    held("payload set", set.getStatus() == UpdateStatus.Completed);
    client.deleteAsync(NAME, List.of(idOf(0), idOf(1))).get();
    client.deleteAsync(NAME, Filter.newBuilder().addMust(matchKeyword("kind", "odd")).build()).get();
    held("deleted", client.countAsync(NAME).get() == 4);
    held("described", client.getCollectionInfoAsync(NAME).get().getPointsCount() == 4);
    held("dropped", client.deleteCollectionAsync(NAME).get().getResult());
    try {
      client.getCollectionInfoAsync(NAME).get();
      held("gone", false);
    } catch (ExecutionException error) {
      held("not found", error.getMessage().contains("NOT_FOUND: Not found: Collection `java`"));
    }
  }

  private static QueryPoints.Builder query() {
    return QueryPoints.newBuilder().setCollectionName(NAME).setWithPayload(enable(true));
  }

  private static PointId idOf(int n) {
    return n % 2 == 0 ? id(n) : id(new UUID(1, n));
  }

  private static List<Long> numbersOf(List<ScoredPoint> points) {
    return points.stream().map(each -> each.getPayloadMap().get("n").getIntegerValue()).toList();
  }

  private static void held(String what, boolean isTrue) {
    if (!isTrue) throw new AssertionError(what);
    System.out.println(what);
  }
}
