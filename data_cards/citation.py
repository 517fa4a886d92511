"""How a release is cited, as BibTeX."""

import re

import rupairs

WANLI = """\
@inproceedings{liu-etal-2022-wanli,
  title = {WANLI: Worker and AI Collaboration for Natural Language Inference Dataset Creation},
  author = {Liu, Alisa and Swayamdipta, Swabha and Smith, Noah A. and Choi, Yejin},
  booktitle = {Findings of EMNLP},
  year = {2022},
  note = {arXiv:2201.05955}
}"""


def bibtex(name: str, url: str = "") -> str:
    """Return an entry; authors, year and version are left out, for no manifest knows them."""
    key = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "dataset"
    title = re.sub(r"[{}\\]", "", name)
    fields = {
        "title": title,
        "howpublished": url,
        "note": f"Made with rupairs {rupairs.__version__}",
    }
    body = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items() if value)
    return f"@misc{{{key},\n{body}\n}}"
