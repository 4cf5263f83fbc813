"""What the grid of Gaussians is measured with: each remedy switches on what it says, and nothing else."""

import pytest

from experiments import remedies
from experiments.launch import plain
from nn_zoo.build import build


@pytest.mark.parametrize('name', remedies.REMEDIES)
def test_a_remedy_changes_what_it_names_in_a_config_without_any(name):
  config, changes = remedies.bare(), remedies.REMEDIES[name]
  before = config.to_dict()
  config.update_from_flattened_dict(changes)
  for key, value in changes.items():
    section, _, last = key.partition('.')
    assert before[section][last] != value
    assert type(before[section][last]) is type(value)
    assert config[section][last] == value
  config.data.update({'train': 500, 'validation': 100, 'test': 100})
  build(plain(config))


def test_the_table_has_a_line_for_each_recorded_remedy(tmp_path, monkeypatch):
  monkeypatch.setattr(remedies, 'RECORD', tmp_path / 'remedies.json')
  assert remedies.table().count('\n') == 1
  seeds = [{'modes': 25.0, 'good_share': share, 'mode_kl': 0.01} for share in (0.8, 0.9, 1.0)]
  remedies.write_json(remedies.RECORD, {'rows': {'r1': {'test': seeds}}})
  assert remedies.table().splitlines()[2] == (
    '| r1 | 25, 25, 25 | 90.0 (80.0 to 100.0) | 0.010 (0.010 to 0.010) |'
  )
