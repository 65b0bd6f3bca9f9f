"""Bars of CPU a cold IPv6 PTR on a logarithmic scale, as SVG."""
import html
import math

LEFT, WIDTH, BAR, TOP = 270, 420, 22, 64
COLOURS = {"ptrd": "#2b6cb0", "null": "#a0aec0", "peer": "#c05621"}


def _group(candidate):
    if candidate.answers == "null":
        return "null"
    return "ptrd" if candidate.title.startswith("ptrd") else "peer"


def svg(results):
    rows = [(results.median(name, "ptr6", False, "cpu_us"), candidate) for name, candidate in results.candidates.items()
            if (name, "ptr6", False) in results.runs]
    rows.sort(key=lambda row: row[0])
    least, most = 1, 10 ** math.ceil(math.log10(max((us for us, _ in rows), default=10)))

    def across(us):
        return WIDTH * math.log(us / least) / math.log(most / least)

    height = TOP + BAR * len(rows) + 34
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDTH + 90}" height="{height}" '
             'font-family="sans-serif" font-size="13">',
             f'<rect width="100%" height="100%" fill="#ffffff"/>',
             '<text x="12" y="22" font-size="15">Processor time of all server processes a cold IPv6 PTR, microseconds</text>',
             '<text x="12" y="42" fill="#555555">logarithmic; less is better; random names in a /32, without EDNS</text>']
    for power in range(round(math.log10(most)) + 1):
        x = LEFT + across(10 ** power)
        lines += [f'<line x1="{x:.0f}" x2="{x:.0f}" y1="{TOP - 6}" y2="{height - 26}" stroke="#dddddd"/>',
                  f'<text x="{x:.0f}" y="{height - 10}" text-anchor="middle" fill="#555555">{10 ** power}</text>']
    for at, (us, candidate) in enumerate(rows):
        y = TOP + at * BAR
        lines += [f'<text x="{LEFT - 8}" y="{y + 14}" text-anchor="end">{html.escape(candidate.title)}</text>',
                  f'<rect x="{LEFT}" y="{y + 2}" width="{across(us):.1f}" height="{BAR - 6}" '
                  f'fill="{COLOURS[_group(candidate)]}"/>',
                  f'<text x="{LEFT + across(us) + 6:.1f}" y="{y + 14}">{us:.3g}</text>']
    return "\n".join([*lines, "</svg>", ""])
