"""A packed row, written out by hand, and what its tokens may see."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from training.pairs.packing import TokenizedPair, additive, answer_sums, pack, sharing_mask


def a_tokenized_pair(question: int = 3, chosen: int = 2, rejected: int = 1) -> TokenizedPair:
    """Ids 10, 11 … ask, 20, 21 … are chosen, 30, 31 … are rejected; positions leave gaps, as images do."""
    return TokenizedPair(
        torch.arange(10, 10 + question),
        torch.stack([2 * torch.arange(question)] * 3),
        torch.arange(20, 20 + chosen),
        torch.arange(30, 30 + rejected),
    )


def test_both_answers_stand_behind_a_copy_of_the_question_s_last_token() -> None:
    packed = pack([a_tokenized_pair()], pad_id=0)
    assert packed["input_ids"].tolist() == [[10, 11, 12, 20, 21, 12, 30]]
    assert packed["segments"].tolist() == [[0, 0, 1, 1, 1, 2, 2]]
    assert packed["completion_mask"].tolist() == [[0, 0, 0, 1, 1, 0, 1]]


def test_both_answers_take_up_the_question_s_positions() -> None:
    packed = pack([a_tokenized_pair()], pad_id=0)
    assert packed["position_ids"].tolist() == [[[0, 2, 4, 5, 6, 4, 5]]] * 3


def test_shorter_rows_are_padded_on_the_right() -> None:
    packed = pack([a_tokenized_pair(), a_tokenized_pair(question=1, chosen=1)], pad_id=9)
    assert packed["input_ids"][1].tolist() == [10, 20, 10, 30, 9, 9, 9]
    assert packed["segments"][1].tolist() == [1, 1, 2, 2, -1, -1, -1]
    assert packed["completion_mask"][1].tolist() == [0, 1, 0, 1, 0, 0, 0]
    assert packed["position_ids"].shape == (3, 2, 7)


def test_neither_answer_sees_the_other_and_nobody_sees_ahead() -> None:
    mask = sharing_mask(pack([a_tokenized_pair()], pad_id=0)["segments"])
    assert mask.shape == (1, 1, 7, 7)
    assert mask[0, 0].int().tolist() == [
        [1, 0, 0, 0, 0, 0, 0],
        [1, 1, 0, 0, 0, 0, 0],
        [1, 1, 1, 0, 0, 0, 0],
        [1, 1, 1, 1, 0, 0, 0],
        [1, 1, 1, 1, 1, 0, 0],
        [1, 1, 0, 0, 0, 1, 0],
        [1, 1, 0, 0, 0, 1, 1],
    ]


def test_rows_are_padded_to_a_multiple_where_asked() -> None:
    packed = pack([a_tokenized_pair()], pad_id=9, multiple_of=8)
    assert packed["input_ids"].tolist() == [[10, 11, 12, 20, 21, 12, 30, 9]]
    assert packed["segments"].tolist() == [[0, 0, 1, 1, 1, 2, 2, -1]]
    assert packed["position_ids"].shape == (3, 1, 8)


def test_attention_adds_nothing_or_minus_infinity() -> None:
    mask = additive(torch.tensor([[True, False]]), torch.bfloat16)
    assert mask.tolist() == [[0.0, float("-inf")]]
    assert mask.dtype == torch.bfloat16


def test_sums_are_over_each_answer_alone() -> None:
    segments = torch.tensor([[0, 0, 1, 1, 1, 2, 2]])
    chosen, rejected = answer_sums(torch.tensor([[0.0, 0.0, -1.0, -2.0, 0.0, -4.0]]), segments)
    assert (chosen.tolist(), rejected.tolist()) == ([-3.0], [-4.0])


@given(st.lists(st.tuples(*[st.integers(1, 6)] * 3), min_size=1, max_size=4))
def test_every_token_sees_itself_and_padding_is_seen_by_no_answer(sizes: list[tuple[int, int, int]]) -> None:
    packed = pack([a_tokenized_pair(*size) for size in sizes], pad_id=0)
    mask = sharing_mask(packed["segments"])[:, 0]
    assert mask.diagonal(dim1=1, dim2=2).all()
    for row, (_, chosen, rejected) in enumerate(sizes):
        padding = packed["segments"][row] == -1
        assert not mask[row][~padding][:, padding].any()
        assert int(packed["completion_mask"][row].sum()) == chosen + rejected
