"""Colours and style sheet of the report, one table for page and figures."""

# Role: (on light, on dark). Figures are drawn in the light colours; `figures.svg` turns them into
# variables of the style sheet, so every light colour must be unique.
COLOURS = {
  'paper': ('#ffffff', '#14181f'),
  'ink': ('#1b2330', '#e4e8ee'),
  'muted': ('#667085', '#98a2b3'),
  'line': ('#e4e7ec', '#2c3440'),
  'wash': ('#f7f8fa', '#1b212b'),
  'blue': ('#2563eb', '#6ea0ff'),
  'orange': ('#e2711d', '#ff9f5a'),
  'teal': ('#0d9488', '#35cfc0'),
  'purple': ('#8b4fd9', '#bd93f9'),
  'red': ('#d92d20', '#ff7166'),
  'ochre': ('#a67c00', '#e0b93a'),
}
SPLITS = {'train': 'blue', 'validation': 'orange', 'test': 'teal'}
SPARE = ('purple', 'ochre', 'red')


def light(name: str) -> str:
  """The colour of a role in figures."""
  return COLOURS[name][0]


def split_colours(splits: list[str]) -> dict[str, str]:
  """A colour role for each split: the known ones always the same, others in turn."""
  others = [split for split in splits if split not in SPLITS]
  return SPLITS | {split: SPARE[i % len(SPARE)] for i, split in enumerate(others)}


def variables(shade: int) -> str:
  """The colours as CSS variables; shade 0 is for light paper, 1 for dark."""
  return ''.join(f'--{name}:{pair[shade]};' for name, pair in COLOURS.items())


def style() -> str:
  """The style sheet; paper is always printed light."""
  dark = f'@media screen and (prefers-color-scheme:dark){{:root{{{variables(1)}}}}}'
  return f':root{{color-scheme:light dark;{variables(0)}}}\n{dark}\n{RULES}'


RULES = """
*{box-sizing:border-box;print-color-adjust:exact}
body{margin:0 auto;padding:2.5rem 1.5rem 4rem;max-width:72rem;background:var(--paper);
  color:var(--ink);font:15px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans',sans-serif;
  font-variant-numeric:tabular-nums}
h1{margin:0;font-size:1.75rem;line-height:1.2;font-weight:650;letter-spacing:-.015em;
  overflow-wrap:anywhere}
h2{margin:0 0 .9rem;font-size:1.1rem;font-weight:650}
h3{margin:0;font-size:.95rem;font-weight:600;overflow-wrap:anywhere}
p{margin:.4rem 0 .8rem;max-width:46rem}
section{margin-top:2.2rem;padding-top:1.3rem;border-top:1px solid var(--line)}
code{font:.86em/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace}
.command{display:block;margin:.9rem 0 0;padding:.55rem .8rem;background:var(--wash);
  border:1px solid var(--line);border-radius:6px;white-space:pre-wrap;overflow-wrap:anywhere;
  user-select:all}
.facts,.note,figcaption{color:var(--muted);font-size:.86rem}
.facts{margin:.5rem 0 0;max-width:none}
.facts span:not(:last-child)::after{content:'·';margin:0 .5em}
.bad{color:var(--red)}
.figures{display:flex;flex-wrap:wrap;gap:1.2rem 2.8rem;margin:0}
.figures dt{color:var(--muted);font-size:.86rem}
.figures dd{margin:0;font-size:2.5rem;line-height:1.15;font-weight:650;letter-spacing:-.025em;
  white-space:nowrap}
.figures dd+dd{font-size:.86rem;line-height:1.5;font-weight:400;letter-spacing:0;
  color:var(--muted)}
.figures dd+dd b{color:var(--ink);font-weight:600}
.figures.small dd{font-size:1.4rem}
.charts{display:grid;gap:1.6rem 2rem;
  grid-template-columns:repeat(auto-fill,minmax(min(100%,27rem),1fr))}
.pair{display:flex;flex-wrap:wrap;gap:1.2rem 2.5rem;align-items:flex-start}
.pair>*{min-width:min(100%,22rem);max-width:100%}
.pair>.box{flex:1 1 22rem}
figure{margin:0;max-width:100%;break-inside:avoid}
.keys{display:flex;flex-wrap:wrap;align-items:baseline;gap:.1rem 1rem;font-size:.86rem;
  color:var(--muted)}
.keys h3{color:var(--ink);margin-right:auto}
.keys b{color:var(--ink);font-weight:600}
.keys i{display:inline-block;width:.7em;height:.7em;border-radius:50%;margin-right:.4em}
svg{display:block;max-width:100%;height:auto}
svg *{stroke-linejoin:round;stroke-linecap:butt}
svg text{font-family:inherit!important}
.drawings{display:flex;flex-wrap:wrap;gap:1.2rem 1.8rem;align-items:flex-start}
.tiles{display:grid;gap:1rem .8rem;grid-template-columns:repeat(auto-fill,minmax(7.6rem,1fr))}
.tiles.tight{gap:.5rem;grid-template-columns:repeat(auto-fill,minmax(4.2rem,1fr))}
.tiles img{display:block;width:100%;image-rendering:pixelated;border-radius:3px;
  border:1px solid var(--line)}
.tiles figcaption{margin-top:.3rem;line-height:1.3;overflow-wrap:anywhere}
.tiles figcaption b{color:var(--ink);font-weight:600}
.box{overflow:auto;max-width:100%}
.box.tall{max-height:34rem}
table{border-collapse:collapse;font-size:.88rem;line-height:1.35}
th,td{padding:.3rem 1.4rem .3rem 0;text-align:left;vertical-align:baseline;white-space:nowrap}
th{color:var(--muted);font-weight:500;border-bottom:1px solid var(--line)}
td{border-bottom:1px solid color-mix(in srgb,var(--line) 55%,transparent)}
.n{text-align:right}
.t{white-space:normal}
tfoot td{font-weight:600;border-bottom:0;border-top:1px solid var(--line)}
.share{display:block;width:5rem;height:.45rem;border-radius:2px;background:var(--wash)}
.share i{display:block;height:100%;border-radius:2px;background:var(--blue)}
.settings{columns:3 17rem;column-gap:2.5rem;font-size:.88rem}
.settings div{display:flex;gap:1rem;justify-content:space-between;padding:.16rem 0;
  border-bottom:1px solid color-mix(in srgb,var(--line) 55%,transparent);break-inside:avoid}
.settings dt{color:var(--muted);white-space:nowrap}
.settings dd{margin:0;text-align:right;overflow-wrap:anywhere}
.box+h3,details{margin-top:1rem}
summary{cursor:pointer;font-size:.95rem;font-weight:600}
dl{margin:0}
@media (max-width:40rem){body{padding:1.4rem 1rem 2.5rem}.figures dd{font-size:2rem}}
@media print{body{padding:0;font-size:12px}.box{overflow:visible;max-height:none!important}
  section{margin-top:1.2rem;padding-top:.8rem}h2{break-after:avoid}}
"""
