# A page and a figure know their parts, and variables refer to the parts.
import bs4
import numpy as np
import plotly.graph_objects as go
soup = bs4.BeautifulSoup("<p>a<b id=x>x</b><i>y</i><!-- note --></p>" + "<li>z</li>" * 2000, "html.parser")
bold, first, note = soup.b, soup.p.contents[0], soup.p.contents[-1]
items = soup.find_all("li")
loose = soup.i.extract()
figure = go.Figure(go.Scatter(x=np.arange(3), y=np.array([1.0, 3.0, 2.0])))
layout, trace = figure.layout, figure.data[0]
# %%
print(bold is soup.b, bold.parent is soup.p, first is soup.p.contents[0], type(note).__name__, items[1999] is soup("li")[-1])
print(loose.parent, loose.string, str(first), bold["id"], bold.next_sibling is note)
bold.string = "changed"
print(soup.p, soup.b.get_text(), len(soup.find_all("li")))
print(max(figure.data[0].y), layout is figure.layout, trace is figure.data[0])
layout.title, trace.name = "t", "n"
# %%
print(soup.p, soup.new_tag("u"), figure.layout.title.text, figure.data[0].name, type(figure.data[0].y).__name__)
soup.p.append(loose)
figure.add_bar(y=[1])
# %%
print(soup.i is loose, loose.parent is soup.p, len(figure.data), trace is figure.data[0], layout.title.text)
