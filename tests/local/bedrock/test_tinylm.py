"""The small language model: gradients, decoding, vocabulary, determinism, and that it learns."""

import csv
from pathlib import Path

import numpy as np
import pytest

from bedrock_customization_local.cloud.bedrock.tinylm import model as models
from bedrock_customization_local.cloud.bedrock.tinylm.batches import make_batch
from bedrock_customization_local.cloud.bedrock.tinylm.generation import Sampling, generate
from bedrock_customization_local.cloud.bedrock.tinylm.network import loss_and_gradients, loss_of
from bedrock_customization_local.cloud.bedrock.tinylm.training import (
    BUDGET,
    Settings,
    Training,
    cost_of,
    plan_of,
)
from bedrock_customization_local.cloud.bedrock.tinylm.vocabulary import (
    Encoder,
    Record,
    build_vocabulary,
    split_words,
)
from bedrock_customization_local.cloud.bedrock.tinylm.weights import Shape, Weights, initial_weights
from bedrock_customization_local.cloud.bedrock.tinylm.worker import Worker, WorkerFailedError

NAMES = ["Ada", "Bob", "Cem", "Dea", "Eva", "Fay", "Gus", "Hal", "Ida", "Jon", "Kim", "Leo"]


def record(prompt, completion):
    return Record(split_words(prompt), split_words(completion))


def greetings(names):
    return [record(f"Please greet {name} now", f"Hello {name}!") for name in names]


def trained(records, epochs=5, **settings):
    training = Training(records, [], Settings(epochs=epochs, **settings))
    losses = [progress.loss for progress in training]
    return training.model, losses


def test_gradients_are_those_of_the_loss():
    records = [*greetings(NAMES[:4]), record("a longer prompt, of more words", "yes, or no")]
    vocabulary = build_vocabulary(records, context=32)
    encoder = Encoder(vocabulary)
    shape = Shape(vocabulary.size, len(vocabulary.answers), 32, width=8, layers=2, heads=2)
    weights = Weights(shape, initial_weights(shape, 0).flat.astype(np.float64))
    batch = make_batch(
        [encoder.encode(r.prompt, r.completion) for r in records], vocabulary.answers, np.float64
    )
    _, gradients = loss_and_gradients(weights, batch)
    rng = np.random.default_rng(0)
    worst = 0.0
    for name, view in weights.views().items():
        found = gradients[name]
        for place in rng.choice(view.size, min(8, view.size), replace=False):
            where = np.unravel_index(place, view.shape)
            kept = view[where]
            losses = []
            for step in (1e-5, -1e-5):
                view[where] = kept + step
                losses.append(loss_of(weights, batch))
            view[where] = kept
            slope = (losses[0] - losses[1]) / 2e-5
            worst = max(worst, abs(slope - found[where]) / max(1e-4, abs(slope)))
    assert worst < 1e-4


def test_the_same_seed_gives_the_same_losses_to_the_last_digit():
    first, second = (trained(greetings(NAMES), epochs=1, seed=3)[1] for _ in range(2))
    assert first == second
    assert trained(greetings(NAMES), epochs=1, seed=4)[1] != first


def test_decoding_with_kept_keys_says_what_the_whole_network_says():
    model, _ = trained(greetings(NAMES), epochs=3)
    prompts = ["Please greet Ada now", "Please greet Zoe now, if you please", "greet"]
    together = [answer.text for answer in generate(model, prompts, 8)]
    assert together == [generate(model, [prompt], 8)[0].text for prompt in prompts]
    encoded = model.encoder.encode(split_words(prompts[0]), split_words(together[0]))
    batch = make_batch([encoded], model.vocabulary.answers)
    likely = np.exp(-loss_of(model.weights, batch) * len(batch.targets))
    assert likely > 0.5


def test_sampled_answers_differ_and_follow_what_was_learned():
    records = [record("toss it", side) for side in ("heads", "tails") * 20]
    model, _ = trained(records, epochs=3)
    found = generate(model, ["toss it"] * 40, 4, Sampling(1.0, np.random.default_rng(0)))
    assert {"heads", "tails"} <= {answer.text for answer in found}
    again = generate(model, ["toss it"] * 40, 4, Sampling(1.0, np.random.default_rng(0)))
    assert found == again
    cold = generate(model, ["toss it"] * 40, 4, Sampling(1e-6, np.random.default_rng(0)))
    assert {answer.text for answer in cold} == {generate(model, ["toss it"], 4)[0].text}


def test_a_name_it_never_saw_is_copied():
    model, _ = trained(greetings(NAMES * 3), epochs=5)
    answers = generate(model, ["Please greet Xaver now", "Please greet Quentin now"], 8)
    assert [answer.text for answer in answers] == ["Hello Xaver!", "Hello Quentin!"]
    assert all(answer.finished for answer in answers)


def test_an_answer_is_cut_at_the_maximum():
    model, _ = trained([record("say it", "one two three four five")] * 2, epochs=5)
    (answer,) = generate(model, ["say it"], 1)
    assert not answer.finished


def test_words_joined_are_the_text():
    for text in ("Hello, world!", "  two  spaces\n\nlines\t", "a_b=c; d--e", "", "日本語 ok …"):
        assert "".join(split_words(text)) == text


def test_a_system_prompt_that_all_records_share_costs_one_token():
    records = [record(f"You are a bank. {'Be kind. ' * 200}Question {n} x", "yes") for n in "ab"]
    vocabulary = build_vocabulary(records, context=64)
    encoded = Encoder(vocabulary).encode(records[0].prompt, records[0].completion)
    assert len(encoded.tokens) < 10


def test_a_prompt_beyond_the_context_keeps_its_end():
    vocabulary = build_vocabulary(greetings(NAMES), context=16)
    prompt = split_words("word " * 100 + "greet Ada")
    encoded = Encoder(vocabulary).encode(prompt, split_words("Hello Ada!"))
    assert len(encoded.tokens) <= 16
    assert "Ada" in encoded.words


def test_words_that_always_go_together_become_one_token():
    records = [record(f"count {n} things", f"the total of x by y is {n} or so") for n in range(20)]
    vocabulary = build_vocabulary(records, context=64)
    encoded = Encoder(vocabulary).encode(records[5].prompt, records[5].completion)
    assert len(encoded.tokens) - encoded.answer <= 5


def test_an_epoch_shrinks_where_the_data_are_large():
    assert plan_of([20] * 800, 2).passes_per_epoch == 8
    large = plan_of([250] * 20_000, 5)
    assert large.passes_per_epoch < 1
    assert large.steps * 32 * cost_of(250) <= 1.01 * BUDGET


def test_a_smaller_budget_makes_fewer_steps():
    whole, half = plan_of([20] * 100, 1), plan_of([20] * 100, 1, budget=8 * 50 * cost_of(20))
    assert half.steps * 2 == whole.steps


def test_fewer_epochs_and_a_lower_rate_learn_less():
    records = greetings(NAMES * 2)
    good, few, slow = (
        trained(records, epochs=epochs, rate_factor=factor)[1][-1]
        for epochs, factor in ((5, 1.0), (1, 1.0), (5, 0.1))
    )
    assert good < few
    assert good < slow


def test_a_rate_far_beyond_its_default_diverges():
    _, losses = trained(greetings(NAMES * 2), epochs=3, rate_factor=1000)
    assert max(losses) > 3 * losses[0]


def test_validation_stops_early_and_keeps_the_best_weights():
    train = greetings(NAMES)
    validation = [record("Please greet Ada now", "Goodbye Ada!")]
    training = Training(train, validation, Settings(epochs=50, patience=1))
    losses = [progress.loss for progress in training if progress.validation]
    assert len(losses) < 50 * training.plan.passes_per_epoch
    encoded = [training.model.encoder.encode(r.prompt, r.completion) for r in validation]
    batch = make_batch(encoded, training.model.vocabulary.answers)
    assert loss_of(training.model.weights, batch) == pytest.approx(min(losses))


def test_a_model_comes_back_from_its_file(tmp_path):
    model, _ = trained(greetings(NAMES), epochs=1)
    models.save(model, tmp_path / "model.npz")
    again = models.load(tmp_path / "model.npz")
    assert again.vocabulary == model.vocabulary
    prompts = ["Please greet Ada now", "Please greet Xaver now"]
    assert generate(again, prompts, 8) == generate(model, prompts, 8)


def test_a_base_model_makes_the_same_noise_for_the_same_question():
    answers = {
        generate(models.base_model("some-model", "where is it"), ["where is it"], 8)[0].text
        for _ in range(2)
    }
    assert len(answers) == 1


def test_a_worker_that_is_stopped_says_so(tmp_path):
    pairs = [(f"question {n} " * 50, f"answer {n}") for n in range(500)]
    worker = Worker(tmp_path, pairs, [], Settings(epochs=20))
    events = worker.progress()
    next(events)
    worker.stop()
    with pytest.raises(WorkerFailedError):
        list(events)
    worker.close()


@pytest.mark.slow
def test_it_learns_real_questions_that_the_untrained_base_cannot_answer(tmp_path):
    source = Path(__file__).parent / "banking77_excerpt" / "questions.csv"
    with source.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    system = "Name the intent of the customer's question.\n\n"
    pairs = {
        split: [(system + row["text"], row["category"]) for row in rows if row["split"] == split]
        for split in ("train", "test")
    }
    worker = Worker(tmp_path, pairs["train"], [], Settings(epochs=2))
    list(worker.progress())
    tuned = generate(worker.model(), [prompt for prompt, _ in pairs["test"]], 16)
    worker.close()
    right = [
        answer.text == intent for answer, (_, intent) in zip(tuned, pairs["test"], strict=True)
    ]
    base = [
        generate(models.base_model("base", prompt), [prompt], 16)[0].text == intent
        for prompt, intent in pairs["test"]
    ]
    assert np.mean(base) == 0
    assert np.mean(right) >= 0.8
