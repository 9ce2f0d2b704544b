"""Ids, references and tokens."""

from kept.lib import ids


def test_a_reference_is_said_over_the_phone_and_typed_in_any_form():
    reference = ids.new_reference()
    head, tail = reference.split("-")
    assert (len(head), len(tail)) == (3, 5)
    assert set(head + tail) <= set(ids.REFERENCE_ALPHABET)
    for typed in (reference, reference.lower(), f" {head} {tail} ", (head + tail).lower()):
        assert ids.as_reference(typed) == reference


def test_ids_are_ordered_by_the_time_they_were_made():
    made = [ids.new_id() for _ in range(50)]
    assert made == sorted(made)


def test_tokens_and_digests_do_not_give_each_other_away():
    one, other = ids.new_token(), ids.new_token()
    assert one != other
    assert len(one) >= 26
    assert one not in ids.digest(one)
    assert ids.digest(one) != ids.digest(other)
