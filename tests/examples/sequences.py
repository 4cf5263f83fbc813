"""Models of sequences and texts at a small size."""

from tests.examples.parameters import ModelExample, block, causal, dense, gru, norm, recurrent

SEQUENCES = {
  'tcn': ModelExample(
    'tcn',
    {'classes': 3, 'widths': (4, 5), 'kernel_size': 3, 'dropout': 0.2},
    (4, 12, 2),
    {
      **causal('TemporalBlock_0/CausalConv_0', 3, 2, 4),
      **causal('TemporalBlock_0/CausalConv_1', 3, 4, 4),
      **dense('TemporalBlock_0/Conv_0', 1, 2, 4),
      **causal('TemporalBlock_1/CausalConv_0', 3, 4, 5),
      **causal('TemporalBlock_1/CausalConv_1', 3, 5, 5),
      **dense('TemporalBlock_1/Conv_0', 1, 4, 5),
      **dense('head', 5, 3),
    },
  ),
  'rnn': ModelExample(
    'rnn',
    {'classes': 3, 'units': 4, 'layers': 2, 'reads': 'rows'},
    (4, 6, 5, 1),
    {
      **recurrent('forward_0', 5, 4, 4),
      **recurrent('forward_1', 4, 4, 4),
      **dense('head', 4, 3),
    },
  ),
  'lstm': ModelExample(
    'lstm',
    {'classes': 3, 'units': 4, 'bidirectional': True, 'dropout': 0.2},
    (4, 6, 5),
    {
      **recurrent('forward_0', 5, 4, 16),
      **recurrent('backward_0', 5, 4, 16),
      **dense('head', 8, 3),
    },
  ),
  'gru': ModelExample(
    'gru',
    {'classes': 3, 'units': 4, 'pool': 'mean'},
    (4, 6, 5),
    {
      **recurrent('forward_0', 5, 4, 12),
      'Recurrent_0/forward_0/recurrent_bias': (4,),
      **dense('head', 4, 3),
    },
  ),
  'recurrent_lm': ModelExample(
    'recurrent_lm',
    {'vocabulary': 5, 'units': 4, 'embedding': 3, 'dropout': 0.2},
    (3, 6),
    {
      'embed/embedding': (5, 3),
      **{
        path.replace('Recurrent_0', 'recurrent'): shape
        for path, shape in recurrent('forward_0', 3, 4, 16).items()
      },
      **dense('head', 4, 5),
    },
    tokens=5,
  ),
  'text_cnn': ModelExample(
    'text_cnn',
    {'classes': 3, 'maps': 2, 'kernel_sizes': (2, 3), 'dropout': 0.2},
    (4, 6, 5),
    {
      **dense('Conv_0', 2, 5, 2),
      **dense('Conv_1', 3, 5, 2),
      **dense('head', 4, 3),
    },
  ),
  'seq2seq': ModelExample(
    'seq2seq',
    {'vocabulary': 7, 'units': 4, 'embedding': 3, 'dropout': 0.2},
    (3, 9),
    {
      'embed/embedding': (7, 3),
      **gru('encoder/forward_0', 3, 4),
      **gru('encoder/backward_0', 3, 4),
      **gru('decoder/forward_0', 11, 4),
      'look/key/kernel': (8, 4),
      'look/vector/kernel': (4, 1),
    }
    | dense('bridge', 8, 4)
    | dense('look/query', 4, 4)
    | dense('readout', 15, 4)
    | dense('head', 4, 7),
    tokens=7,
    source=5,
  ),
  'transformer': ModelExample(
    'transformer',
    {
      'vocabulary': 7,
      'width': 8,
      'hidden': 12,
      'heads': 2,
      'encoder_layers': 1,
      'decoder_layers': 1,
      'length': 6,
    },
    (3, 9),
    {'embed/embedding': (7, 8)}
    | block('encoder/block_0', 8, 12)
    | block('decoder/block_0', 8, 12, cross=True),
    tokens=7,
    source=5,
  ),
  'gpt': ModelExample(
    'gpt',
    {'vocabulary': 5, 'context': 6, 'width': 8, 'layers': 1, 'heads': 2, 'dropout': 0.1},
    (3, 6),
    {'embed/embedding': (5, 8), 'position': (6, 8)}
    | block('blocks/block_0', 8, 32)
    | norm('norm', 8),
    tokens=5,
  ),
  'bert': ModelExample(
    'bert',
    {'vocabulary': 5, 'classes': 3, 'length': 6, 'width': 8, 'layers': 1, 'heads': 2},
    (3, 6),
    {'embed/embedding': (5, 8), 'position': (6, 8), 'segment': (2, 8)}
    | block('blocks/block_0', 8, 32)
    | norm('norm', 8)
    | dense('pooler', 8, 8)
    | dense('head', 8, 3),
    tokens=5,
  ),
}
