"""Rules of the data set as a whole, and of records among each other."""

from __future__ import annotations

from bedrock_customization_runtime.datasets.rules.rule import Rule, Source, Verdict

TRAINING_COPY = Rule(
    id="training-copy",
    verdict=Verdict.FLAG,
    what="a training or validation record that holds a passage of the blind set",
    why="the model would be tested on what it has seen",
    fix="nothing to do: it is left out of training and validation",
)
NEAR_COPIES = Rule(
    id="near-copies",
    verdict=Verdict.FLAG,
    what="questions that are nearly the same",
    why="a plain random split would put some into training and their copies into the blind set",
    fix="nothing to do: they stay on one side of the split",
)
FEW_RECORDS = Rule(
    id="few-records",
    verdict=Verdict.FLAG,
    what="fewer training records than advised for the base model",
    why="the job runs, but the model may learn little",
    fix="add records",
    source=Source.GUIDE,
    sources_disagree="for Nova 2 Lite the guide says at least 8, AWS's validator 200; 8 are "
    "required and 200 advised",
)
SPLIT_OFF_TARGET = Rule(
    id="split-off-target",
    verdict=Verdict.FLAG,
    what="a side of the split that is far from the share asked for",
    why="near-copies and groups stay together, and some of them are large",
    fix="add records, or group by a column with more values",
)
OBJECT_SKIPPED = Rule(
    id="object-skipped",
    verdict=Verdict.FLAG,
    what="objects below the prefix that are not read",
    why="their names are not those of data",
    fix="rename them if they are data",
)
BLIND_SET_SMALL = Rule(
    id="blind-set-small",
    verdict=Verdict.FLAG,
    what="a blind set that only shows large differences",
    why="a smaller improvement would be taken for chance",
    fix="add records, or raise split.test",
)
LABEL_ONLY_TESTED = Rule(
    id="label-only-tested",
    verdict=Verdict.FLAG,
    what="an answer of the blind set that no training record has",
    why="the model cannot learn what it is not shown",
    fix="add records with that answer",
)
