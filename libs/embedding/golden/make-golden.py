"""Makes golden vectors of qdrant/bm25: bm25.json of few texts, or a larger file to compare with once.

    pip install qdrant-edge-py==0.9.0 fastembed==0.9.1 wordfreq==3.1.1
    python libs/embedding/golden/make-golden.py libs/embedding/golden/bm25.json 3

Qdrant's engine makes them. Where fastembed makes others of the same text the run fails, apart from the texts where it is
known to differ: it keeps `_` in words and cuts them at vowel signs, and passes over words of more than 40 letters. Texts
with a word of which no stem is left are not taken: the engine makes a term of nothing, fastembed none.
"""

import json
import pathlib
import random
import sys
import tempfile

import numpy
from fastembed.sparse.bm25 import Bm25 as Fastembed, supported_languages
from qdrant_edge import Bm25, Bm25Config, DisabledStemmer, Language, SnowballLanguage
from qdrant_edge import SnowballParams, StopwordsSet, TokenizerType
from wordfreq import top_n_list

CODES = {
    "arabic": "ar", "bengali": "bn", "catalan": "ca", "danish": "da",
    "dutch": "nl", "english": "en", "finnish": "fi", "french": "fr", "german": "de",
    "greek": "el", "hebrew": "he", "hungarian": "hu", "indonesian": "id", "italian": "it",
    "norwegian": "nb", "portuguese": "pt", "romanian": "ro", "russian": "ru", "slovene": "sl",
    "spanish": "es", "swedish": "sv", "turkish": "tr",
}
# Signs between words: most are none of a word, some look like it.
BETWEEN = [" ", " ", " ", " ", " ", ", ", ". ", "-", "'", "\n", " \u2014 ", "/", "\u00a0", " 1984 ", " \u20ac5 "]
NO_TERM = 0  # The hash of an empty text.
OPTIONS = [
    ({"k": 2.0, "b": 0.1, "avg_len": 12.5}, {}),
    ({"tokenizer": "whitespace"}, {"tokenizer": TokenizerType.Whitespace}),
    ({"tokenizer": "prefix", "max_token_len": 4}, {"tokenizer": TokenizerType.Prefix}),
    ({"ascii_folding": True}, {}),
    ({"min_token_len": 3, "max_token_len": 6}, {}),
    ({"language": "de"}, {}),
    ({"stemmer": {"type": "none"}}, {"stemmer": DisabledStemmer()}),
    (
        {"stemmer": {"type": "snowball", "language": "french"}},
        {"stemmer": SnowballParams(SnowballLanguage.French)},
    ),
    (
        {"stopwords": {"languages": ["english"], "custom": ["Cat"]}},
        {"stopwords": StopwordsSet(languages={Language.English}, custom={"Cat"})},
    ),
    (
        {"language": "russian", "stopwords": "english"},
        {"stopwords": StopwordsSet(languages={Language.English})},
    ),
]


def text_of(chance, words):
    common, rare = words[:60], words
    parts = []
    for _ in range(chance.randint(1, 24)):
        word = chance.choice(common if chance.random() < 0.6 else rare)
        parts.append(chance.choice([word, word, word, word.capitalize(), word.upper()]))
        parts.append(chance.choice(BETWEEN))
    return "".join(parts)


def case(text, options, engine):
    document, query = engine.embed_document(text), engine.embed_query(text)
    assert all(value == 1 for value in query.values)
    return {
        "text": text,
        "options": options,
        "indices": document.indices,
        "values": document.values,
        "queried": query.indices,
    }


def agree(fastembed, made):
    if "_" in made["text"] or any(len(word) > 40 for word in made["text"].split()):
        return
    theirs = next(iter(fastembed.embed([made["text"]])))
    values = dict(zip(theirs.indices.tolist(), theirs.values.astype(numpy.float32)))
    assert values == dict(zip(made["indices"], map(numpy.float32, made["values"]))), made


def main(path, per_language):
    lists = json.loads(
        (pathlib.Path(__file__).parents[2] / "qdrant-api/src/requests/stopword-lists.json").read_text()
    )
    chance = random.Random(7)
    cases = []
    with tempfile.TemporaryDirectory() as folder:
        for language in supported_languages:
            words = lists.get(language, "").replace(" ", "\n")
            pathlib.Path(folder, f"{language}.txt").write_text(words)
        for language, code in CODES.items():
            words = top_n_list(code, 30_000)
            engine = Bm25(Bm25Config(language=language))
            fastembed = None
            if language in supported_languages:
                fastembed = Fastembed("Qdrant/bm25", language=language, specific_model_path=folder)
            for _ in range(per_language):
                made = case(text_of(chance, words), {"language": language}, engine)
                if NO_TERM in made["indices"]:
                    continue
                if fastembed is not None:
                    agree(fastembed, made)
                cases.append(made)
    words = top_n_list("en", 3_000) + ["cat", "éclair", "Straße", "ﬁne", "_x_y", "a" * 50]
    for options, arguments in OPTIONS:
        plain = {
            name: value
            for name, value in options.items()
            if name not in ("tokenizer", "stemmer", "stopwords")
        }
        engine = Bm25(Bm25Config(**plain, **arguments))
        for _ in range(per_language):
            cases.append(case(text_of(chance, words), options, engine))
    lines = ",\n".join(json.dumps(each, ensure_ascii=False) for each in cases)
    pathlib.Path(path).write_text(f"[\n{lines}\n]\n")


main(sys.argv[1], int(sys.argv[2]))
