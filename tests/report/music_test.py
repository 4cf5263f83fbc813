import base64
import re

import numpy as np
import pytest

from nn_zoo.errors import InputError
from nn_zoo.report.midi import DIVISION, midi_file
from nn_zoo.report.music import nats, roll, runs, sections

KEYS = 88


def notes(*triples, frames=6):
  """A roll of (key, first frame, frame after the last)."""
  roll_TK = np.zeros((frames, KEYS), bool)
  for key, first, end in triples:
    roll_TK[first:end, key] = True
  return roll_TK


NOTES = [(39, 0, 4), (39, 5, 6), (43, 0, 6), (46, 2, 3)]


def read_midi(content):
  """Format, division, microseconds a quarter note notes (number, first tick, last tick), by the book."""
  assert content[:4] == b'MThd'
  assert content[4:8] == bytes([0, 0, 0, 6])
  kind, tracks, division = (int.from_bytes(content[i : i + 2], 'big') for i in (8, 10, 12))
  assert tracks == 1
  assert content[14:18] == b'MTrk'
  assert int.from_bytes(content[18:22], 'big') == len(content) - 22
  at, tick, tempo, since, found = 22, 0, None, {}, []
  while True:
    delta = 0
    while True:
      delta = delta << 7 | content[at] & 127
      at += 1
      if content[at - 1] < 128:
        break
    tick += delta
    if content[at] == 255:
      what, size = content[at + 1], content[at + 2]
      if what == 0x2F:
        assert at + 3 == len(content)
        assert not since
        return kind, division, tempo, sorted(found)
      tempo = int.from_bytes(content[at + 3 : at + 3 + size], 'big')
      at += 3 + size
    else:
      status, number, _ = content[at : at + 3]
      at += 3
      if status == 0x90:
        assert number not in since
        since[number] = tick
      else:
        assert status == 0x80
        found.append((number, since.pop(number), tick))


def test_a_midi_file_holds_the_notes_of_the_roll():
  kind, division, tempo, found = read_midi(midi_file(notes(*NOTES), tempo=120))
  assert (kind, division, tempo) == (0, DIVISION, 500_000)
  assert found == sorted((21 + k, DIVISION * a, DIVISION * b) for k, a, b in NOTES)


def test_long_silences_and_no_notes_at_all_are_midi_files_too():
  late = [(0, 900, 901), (87, 0, 2000)]
  _, _, _, found = read_midi(midi_file(notes(*late, frames=2000)))
  assert found == sorted((21 + k, DIVISION * a, DIVISION * b) for k, a, b in late)
  assert read_midi(midi_file(np.zeros((3, KEYS))))[3] == []


def test_a_key_that_stays_on_is_one_note():
  assert runs(notes(*NOTES)) == NOTES


def test_a_roll_draws_every_note_and_tells_given_ones_apart():
  drawn = roll(notes(*NOTES), given=3)
  assert drawn.count('<rect') == len(NOTES)
  assert drawn.count('var(--orange)') == 3  # those that begin before frame 3
  assert 'width="3.9"' in drawn
  assert roll(np.zeros((4, KEYS), bool)).count('<rect') == 0


def test_nats_are_summed_over_keys():
  np.testing.assert_allclose(nats(notes(), np.zeros((6, KEYS))), KEYS * np.log(2))
  sure = np.where(notes(*NOTES), 1000.0, -1000.0)
  np.testing.assert_array_equal(nats(notes(*NOTES), sure), 0)
  assert nats(notes(*NOTES), -sure)[0] == 1000 * KEYS


def test_the_report_shows_predictions_the_hardest_pieces_and_midi_to_listen_to():
  targets = np.stack([notes(*NOTES), notes(*NOTES)])
  logits = np.where(targets, 3.0, -6.0)
  logits[1, 2] *= -1  # a frame that is all wrong
  inputs = {'values': targets, 'length': np.array([6, 4])}
  piece = (notes(*NOTES), 2)
  found = {s.title: s.html for s in sections(inputs, targets, logits, [piece])}
  assert list(found) == ['Composed', 'Predicted frames', 'Hardest pieces']
  hard = [
    re.findall(r'<td[^>]*>(.*?)</td>', row) for row in found['Hardest pieces'].split('<tr>')[2:]
  ]
  assert [row[0] for row in hard] == ['1', '0']
  assert hard[0][1] == '4'
  assert hard[0][3:5] == ['3', 'C4 E4 G4']
  uri = re.search(
    r'href="data:audio/midi;base64,([^"]+)" download="composed_0.mid"', found['Composed']
  )
  assert base64.b64decode(uri[1]) == midi_file(piece[0])
  assert [s.title for s in sections(inputs, targets, logits)] == [
    'Predicted frames',
    'Hardest pieces',
  ]


def test_sizes_that_do_not_match_are_one_line():
  targets = notes(*NOTES)[None]
  with pytest.raises(InputError, match='were expected as targets'):
    sections({'values': targets, 'length': np.array([6])}, targets, np.zeros((1, 5, KEYS)))
