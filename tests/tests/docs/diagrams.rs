//! Mermaid diagrams: not drawn here, but held to what makes most of them fail to draw.

use crate::markdown::{Document, Role};

/// Diagrams that cannot be drawn, one line each.
pub(crate) fn malformed(documents: &[Document]) -> Vec<String> {
    let diagrams = documents.iter().flat_map(|document| {
        let blocks = document.blocks.iter().filter(|block| block.role == Role::Diagram);
        blocks.map(|block| (format!("{}:{}", document.name, block.line), &block.text))
    });
    diagrams.filter_map(|(place, text)| check(text).err().map(|why| format!("{place}: {why}"))).collect()
}

fn check(text: &str) -> Result<(), String> {
    let kind = text.split_whitespace().next().unwrap_or_default();
    let opening: &[&str] = match kind {
        "flowchart" => &["subgraph"],
        "sequenceDiagram" => &["alt", "opt", "loop", "par", "rect", "critical", "break", "box"],
        _ => return Err(format!("a diagram of an unknown kind, {kind:?}")),
    };
    let mut open = 0_u32;
    for line in text.lines().skip(1).map(str::trim).filter(|line| !line.starts_with("%%")) {
        let first = line.split_whitespace().next().unwrap_or_default();
        if opening.contains(&first) {
            open += 1;
        } else if first == "end" {
            open = open.checked_sub(1).ok_or("an end too many")?;
        }
        balanced(line, kind == "flowchart").map_err(|what| format!("{what} in: {line}"))?;
    }
    if open == 0 { Ok(()) } else { Err(format!("{open} without an end")) }
}

/// Brackets and quotes of one line; in a sequence, a message may hold any but a semicolon, which ends it.
fn balanced(line: &str, brackets: bool) -> Result<(), &'static str> {
    if !brackets {
        return if line.contains(';') { Err("a semicolon") } else { Ok(()) };
    }
    let (mut open, mut quoted) = (Vec::new(), false);
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            _ if quoted => {}
            '(' | '[' | '{' => open.push(c),
            ')' | ']' | '}' => {
                let wanted = [('(', ')'), ('[', ']'), ('{', '}')].iter().find(|(_, close)| *close == c);
                if open.pop() != wanted.map(|(open, _)| *open) {
                    return Err("a bracket too many");
                }
            }
            _ => {}
        }
    }
    if quoted || !open.is_empty() { Err("an open bracket or quote") } else { Ok(()) }
}

#[test]
fn what_cannot_be_drawn_is_found() {
    assert_eq!(check("flowchart LR\n  subgraph a [\"A (b\"]\n    b[(c)] --> d\n  end\n"), Ok(()));
    assert_eq!(check("sequenceDiagram\n  a->>b: x (y\n  alt z\n    b-->>a: 412\n  else w\n  end\n"), Ok(()));
    for bad in ["flowchart LR\n  subgraph a\n", "flowchart LR\n  a[b --> c\n", "graf LR\n"] {
        assert!(check(bad).is_err(), "{bad}");
    }
}
