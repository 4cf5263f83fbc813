"""Piano rolls as Standard MIDI Files.

Axis letters: T frames, K keys.
"""

import numpy as np

LOWEST = 21  # MIDI number of the first of 88 keys, A0
DIVISION = 480  # ticks in a quarter note
VELOCITY = 80  # of 127
NOTE_ON, NOTE_OFF = 0x90, 0x80  # on channel 0


def midi_file(notes_TK: np.ndarray, tempo: float = 80.0) -> bytes:
  """A Standard MIDI File of format 0, a frame a quarter note; a key that stays on is held.

  Args:
    notes_TK: which keys sound in each frame.
    tempo: quarter notes in a minute.

  Source: MIDI Manufacturers Association 1996, "Standard MIDI Files 1.0",
  https://midi.org/standard-midi-files-specification.
  """
  change_TK = np.diff(np.asarray(notes_TK).astype(np.int8), axis=0, prepend=0, append=0)
  microseconds = round(60e6 / tempo)
  track, last = b'\0\xff\x51\x03' + microseconds.to_bytes(3, 'big'), 0
  for frame, change_K in enumerate(change_TK):
    for kind, sign in ((NOTE_OFF, -1), (NOTE_ON, 1)):
      for key in np.flatnonzero(change_K == sign):
        delta, last = (frame - last) * DIVISION, frame
        track += _variable_length(delta) + bytes((kind, LOWEST + int(key), VELOCITY))
  track += b'\0\xff\x2f\0'
  return _chunk(b'MThd', b''.join(n.to_bytes(2, 'big') for n in (0, 1, DIVISION))) + _chunk(
    b'MTrk', track
  )


def _chunk(kind: bytes, content: bytes) -> bytes:
  return kind + len(content).to_bytes(4, 'big') + content


def _variable_length(number: int) -> bytes:
  # Seven bits a byte, the highest first; all but the last have their top bit set.
  digits = [number & 127]
  while number := number >> 7:
    digits.append(number & 127 | 128)
  return bytes(reversed(digits))
