"""The page around the sections: contents, style for screens of any width and for paper."""

from html import escape

CSS = """
:root {color-scheme: light; --ink: #222; --faint: #ddd; --small: #555; --alarm: #b00020}
* {box-sizing: border-box}
body {margin: 0 auto; padding: 0 1.2rem 3rem; max-width: 82rem; color: var(--ink);
  background: white; font: 1rem/1.55 system-ui, "Segoe UI", "Liberation Sans", Arial, sans-serif}
h1 {font-size: 1.6rem; line-height: 1.25; margin: 1.4rem 0 .2rem; overflow-wrap: anywhere}
h2 {font-size: 1.35rem; margin: 2.6rem 0 .8rem; padding-bottom: .2rem;
  border-bottom: 2px solid var(--faint)}
h4 {font-size: 1.08rem; font-weight: 600; margin: 1.4rem 0 .5rem}
a {color: #0b5cad}
p, li {max-width: 48rem; overflow-wrap: break-word}
nav ol {margin: 0; padding: 0; list-style: none; font-size: .95rem}
nav a {display: block; padding: .25rem 0; text-decoration: none}
nav a:hover {text-decoration: underline}
main {min-width: 0}
section {scroll-margin-top: .5rem}
.wide {overflow-x: auto; max-width: 100%; margin: .8rem 0 1.2rem}
table {border-collapse: collapse; font-size: .88rem}
th, td {padding: .2rem .8rem .2rem 0; text-align: left; vertical-align: top;
  border-bottom: 1px solid var(--faint)}
td.number, th.number {text-align: right; font-variant-numeric: tabular-nums}
td.number {white-space: nowrap}
th:first-child, td:first-child {padding-right: 1.2rem}
figure {margin: 1.2rem 0}
figure img {display: block; height: auto; max-width: 100%}
figcaption, .footnote, .made {color: var(--small); font-size: .85rem; max-width: 48rem}
.footnote {border-top: 1px solid var(--faint); margin-top: 1.2rem; padding-top: .4rem}
.made {margin: 0 0 1rem}
.alarm {color: var(--alarm); border-left: 4px solid var(--alarm); padding-left: .7rem}
.missing {color: var(--small); border-left: 4px solid var(--faint); padding-left: .7rem}
.first {border: 2px solid var(--alarm); border-radius: 6px; background: #fdf1f2;
  padding: .7rem 1rem .3rem; margin: 1rem 0}
.first h2 {color: var(--alarm); margin: 0 0 .4rem; border: 0; padding: 0; font-size: 1.2rem}
.first li {margin-bottom: .4rem}
details {margin: .6rem 0}
summary {cursor: pointer; color: #0b5cad}
@media (min-width: 64rem) {
  .columns {display: grid; grid-template-columns: 13rem minmax(0, 1fr); gap: 2rem}
  nav {position: sticky; top: 0; align-self: start; padding-top: 1.2rem; max-height: 100vh;
    overflow-y: auto}
  main > section:first-child h2 {margin-top: 1.2rem}
}
@media (max-width: 63.99rem) {
  nav ol {columns: 13rem}
}
@media print {
  @page {margin: 14mm}
  body {max-width: none; padding: 0; font-size: 10pt}
  nav ol {columns: 2}
  details::details-content {content-visibility: visible; height: auto}
  .wide {overflow: visible}
  table {font-size: 7.5pt; width: 100%}
  td.number {white-space: normal}
  th, td {padding-right: .4rem}
  td {overflow-wrap: anywhere}
  thead {display: table-header-group}
  tr, figure, .first {break-inside: avoid}
  figure img {min-width: 0 !important; max-width: 100%; max-height: 240mm}
  h2, h4 {break-after: avoid}
}
"""
OPEN_FOR_PRINT = (
    'addEventListener("beforeprint", () => '
    'document.querySelectorAll("details").forEach(each => each.open = true))'
)
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{css}</style>
</head>
<body>
<header>
<h1>{title}</h1>
<p class="made">{made}</p>
{first}
</header>
<div class="columns">
<nav aria-label="Contents"><ol>{contents}</ol></nav>
<main>
{sections}
</main>
</div>
<script>{script}</script>
</body>
</html>
"""


def build_page(title, made, first, sections):
    """The whole page; it needs no other file, and reads the same without its one line of script.

    Parameters
    ----------
    title, made : str
        Text: what was fitted, and when and by what.
    first : list of str
        HTML sentences that come before everything else.
    sections : list of (name, title, body)
        Name of the anchor, text, HTML.

    Returns
    -------
    str
    """
    contents, bodies = "", ""
    for number, (name, heading, body) in enumerate(sections, start=1):
        numbered = f"{number}. {escape(heading)}"
        contents += f'<li><a href="#{name}">{numbered}</a></li>'
        bodies += f'<section id="{name}">\n<h2>{numbered}</h2>\n{body}\n</section>\n'
    return PAGE.format(
        title=escape(title), made=escape(made), css=CSS, first=_first(first), contents=contents,
        sections=bodies, script=OPEN_FOR_PRINT,
    )  # fmt: skip


def _first(sentences):
    if not sentences:
        return ""
    items = "".join(f"<li>{text}</li>" for text in sentences)
    return f'<div class="first" role="alert"><h2>Read this first</h2><ul>{items}</ul></div>'
