import gzip
import hashlib
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from nn_zoo.data.fetch import fetch
from nn_zoo.data.homes import FILES, File
from nn_zoo.errors import InputError

CONTENT = np.random.default_rng(0).bytes(10_000)
ZIPPED = gzip.compress(CONTENT)
OTHER = gzip.compress(CONTENT[::-1])


class Home(NamedTuple):
  url: str
  ranges: list[str | None]  # the Range header of every request


@pytest.fixture
def serve(monkeypatch):
  """Starts homes on this machine, each of one file."""
  monkeypatch.setenv('no_proxy', '127.0.0.1')
  servers = []

  def start(content, *, knows_range=True, sent=None):
    ranges = []

    class Handler(BaseHTTPRequestHandler):
      def do_GET(self):
        asked = self.headers['Range']
        ranges.append(asked)
        start = int(asked.removeprefix('bytes=')[:-1]) if asked and knows_range else 0
        if content is None or start >= len(content):
          self.send_error(404 if content is None else 416)
          return
        self.send_response(206 if start else 200)
        self.send_header('Content-Length', str(len(content) - start))
        self.end_headers()
        self.wfile.write(content[start:sent])

      def log_message(self, *_):
        pass

    server = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    servers.append(server)
    return Home(f'http://127.0.0.1:{server.server_port}/sample.gz', ranges)

  yield start
  for server in servers:
    server.shutdown()
    server.server_close()


@pytest.fixture
def sample(tmp_path, monkeypatch):
  """Publishes one zipped file at some homes; returns its place."""
  monkeypatch.setenv('NN_ZOO_DATA', str(tmp_path))

  def publish(*urls) -> Path:
    file = File('sample.gz', hashlib.sha256(CONTENT).hexdigest(), urls)
    monkeypatch.setitem(FILES, 'sample', (file,))
    (tmp_path / 'sample').mkdir()
    return tmp_path / 'sample' / 'sample.gz'

  return publish


def part_of(path):
  return path.with_name('sample.gz.part')


def unreachable():
  with socket.socket() as free:
    free.bind(('127.0.0.1', 0))
    return f'http://127.0.0.1:{free.getsockname()[1]}/sample.gz'


def assert_complete(path, content=ZIPPED):
  assert path.read_bytes() == content
  assert [file.name for file in path.parent.iterdir()] == ['sample.gz']


def test_a_file_is_brought_to_its_place(serve, sample, capsys):
  path = sample(serve(ZIPPED).url)
  assert fetch('sample') == [path]
  assert_complete(path)
  assert capsys.readouterr().out == f'{path}: complete\n'


def test_a_file_that_is_complete_is_left_alone(serve, sample):
  home = serve(ZIPPED)
  path = sample(home.url)
  lines = []
  path.with_suffix('').write_bytes(CONTENT)
  assert fetch('sample', lines.append) == [path.with_suffix('')]
  path.write_bytes(gzip.compress(CONTENT, 1))
  assert fetch('sample', lines.append) == [path]
  assert lines == [f'{path.with_suffix("")}: complete', f'{path}: complete']
  assert home.ranges == []


def test_a_partial_file_is_resumed(serve, sample):
  home = serve(ZIPPED)
  path = sample(home.url)
  part_of(path).write_bytes(ZIPPED[:4000])
  fetch('sample')
  assert_complete(path)
  assert home.ranges == ['bytes=4000-']


def test_a_home_that_ignores_ranges_sends_the_whole(serve, sample):
  home = serve(ZIPPED, knows_range=False)
  path = sample(home.url)
  part_of(path).write_bytes(ZIPPED[:4000])
  fetch('sample')
  assert_complete(path)
  assert home.ranges == ['bytes=4000-']


def test_a_download_that_only_lacked_its_check_is_taken(serve, sample):
  home = serve(ZIPPED)
  path = sample(home.url)
  part_of(path).write_bytes(ZIPPED)
  fetch('sample')
  assert_complete(path)
  assert home.ranges == [f'bytes={len(ZIPPED)}-']


@pytest.mark.parametrize('stale', [OTHER[:4000], ZIPPED + b'more', bytes(20_000)])
def test_a_stale_part_is_dropped_and_the_home_asked_again(serve, sample, stale):
  home = serve(ZIPPED)
  path = sample(home.url)
  part_of(path).write_bytes(stale)
  fetch('sample')
  assert_complete(path)
  assert home.ranges == [f'bytes={len(stale)}-', None]


@pytest.mark.parametrize('wrong', [OTHER, ZIPPED[:-50], b'<html>sign in</html>', None])
def test_a_home_without_the_published_content_is_passed_over(serve, sample, wrong):
  first, second = serve(wrong), serve(ZIPPED)
  path = sample(first.url, second.url)
  fetch('sample')
  assert_complete(path)
  assert (first.ranges, second.ranges) == ([None], [None])


def test_an_interrupted_download_leaves_no_file_and_is_resumed(serve, sample, monkeypatch):
  broken = serve(ZIPPED, sent=4000)
  path = sample(broken.url)
  with pytest.raises(InputError, match=f'closed after 4000 of {len(ZIPPED)} bytes'):
    fetch('sample')
  assert not path.exists()
  assert part_of(path).read_bytes() == ZIPPED[:4000]
  mended = serve(ZIPPED)
  monkeypatch.setitem(FILES, 'sample', (FILES['sample'][0]._replace(urls=(mended.url,)),))
  fetch('sample')
  assert_complete(path)
  assert mended.ranges == ['bytes=4000-']


def test_the_next_home_goes_on_where_the_last_one_broke_off(serve, sample):
  broken, sound = serve(ZIPPED, sent=4000), serve(ZIPPED)
  path = sample(broken.url, sound.url)
  fetch('sample')
  assert_complete(path)
  assert sound.ranges == ['bytes=4000-']


def test_when_all_homes_fail_each_is_named_and_what_to_do(serve, sample):
  missing, wrong, dead = serve(None), serve(OTHER), unreachable()
  path = sample(missing.url, wrong.url, dead)
  with pytest.raises(InputError) as caught:
    fetch('sample')
  said = str(caught.value)
  assert said.startswith(f'{path}: tried ')
  assert f'{missing.url} (HTTP Error 404: Not Found)' in said
  assert f'{wrong.url} (not the published content' in said
  assert f'{dead} (<urlopen error' in said
  assert 'place the file there by hand' in said
  assert '\n' not in said
  assert list(path.parent.iterdir()) == []


@pytest.mark.parametrize('name', ['sample.gz', 'sample'])
def test_a_damaged_file_is_replaced_only_by_a_sound_one(serve, sample, name, monkeypatch):
  path = sample(unreachable())
  (path.parent / name).write_bytes(b'damaged')
  with pytest.raises(InputError, match=r'tried'):
    fetch('sample')
  assert (path.parent / name).read_bytes() == b'damaged'
  file = FILES['sample'][0]._replace(urls=(serve(ZIPPED).url,))
  monkeypatch.setitem(FILES, 'sample', (file,))
  lines = []
  assert fetch('sample', lines.append) == [path]
  assert path.read_bytes() == ZIPPED
  assert 'not the published content, fetching it anew' in lines[0]


def test_progress_is_told_in_size_and_share(serve, sample, monkeypatch):
  monkeypatch.setattr('nn_zoo.data.fetch.PROGRESS', 0)
  home = serve(ZIPPED)
  sample(home.url)
  lines = []
  fetch('sample', lines.append)
  assert lines[-2] == f'{home.url}: 0.0 MB (100%)'
