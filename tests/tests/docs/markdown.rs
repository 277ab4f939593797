//! Markdown as far as these tests need it: headings with their anchors, lines of prose, fenced blocks.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
};

/// A document.
pub(crate) struct Document {
    /// Its path in the checkout, with `/` between the parts.
    pub(crate) name: String,
    /// Number and text of each line outside fenced blocks, code spans blanked out.
    pub(crate) prose: Vec<(usize, String)>,
    /// Line and text of each code span.
    pub(crate) spans: Vec<(usize, String)>,
    /// Anchors of its headings.
    pub(crate) anchors: Vec<String>,
    /// Its fenced blocks.
    pub(crate) blocks: Vec<Block>,
}

/// A fenced block.
pub(crate) struct Block {
    /// Number of the line that opens it.
    pub(crate) line: usize,
    /// The first word of its info string.
    pub(crate) language: String,
    /// What is inside, without the fence's indentation.
    pub(crate) text: String,
    /// What it is for.
    pub(crate) role: Role,
}

/// What a block is for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// It is run.
    Run,
    /// It is what the block before it prints.
    Answer,
    /// A comment says why it is neither.
    NotRun,
    /// It is drawn.
    Diagram,
    /// Nobody can tell, and why.
    Unknown(String),
}

/// Every Markdown file of a checkout, but those that are hidden or were built.
pub(crate) fn documents(root: &Path) -> Vec<Document> {
    let (mut folders, mut found) = (vec![PathBuf::new()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root.join(&folder)).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            let path = folder.join(&name);
            if entry.file_type().unwrap().is_dir() {
                if !name.starts_with('.') && name != "target" {
                    folders.push(path);
                }
            } else if name.ends_with(".md") {
                let text = fs::read_to_string(root.join(&path)).unwrap();
                found.push(parse(path.to_str().unwrap(), &text));
            }
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

/// Reads one document.
pub(crate) fn parse(name: &str, text: &str) -> Document {
    let mut document =
        Document { name: name.to_owned(), prose: vec![], spans: vec![], anchors: vec![], blocks: vec![] };
    let mut seen = HashMap::<String, u32>::new();
    let mut lines = (1..).zip(text.lines());
    let mut before = "";
    while let Some((number, line)) = lines.next() {
        let indented = line.trim_start();
        if let Some(info) = indented.strip_prefix("```") {
            let indent = line.len() - indented.len();
            let mut inside = String::new();
            for (_, line) in lines.by_ref().take_while(|(_, line)| line.trim() != "```") {
                inside.push_str(line.get(indent..).unwrap_or(line.trim_start()));
                inside.push('\n');
            }
            let language = info.split_whitespace().next().unwrap_or_default();
            let role = role(language, before.trim(), document.blocks.last());
            document.blocks.push(Block { line: number, language: language.to_owned(), text: inside, role });
        } else {
            if let Some(title) = heading(line) {
                let anchor = anchor(title);
                let times = seen.entry(anchor.clone()).or_default();
                document.anchors.push(if *times == 0 { anchor } else { format!("{anchor}-{times}") });
                *times += 1;
            }
            let (prose, spans) = without_code(line);
            document.prose.push((number, prose));
            document.spans.extend(spans.into_iter().map(|span| (number, span)));
        }
        before = line;
    }
    document
}

fn role(language: &str, comment: &str, before: Option<&Block>) -> Role {
    if let Some(why) = comment.strip_prefix("<!-- not run:").and_then(|rest| rest.strip_suffix("-->")) {
        return if why.trim().is_empty() { Role::Unknown("not run without a reason".into()) } else { Role::NotRun };
    }
    match language {
        "sh" | "bash" | "python" => Role::Run,
        "mermaid" => Role::Diagram,
        "json" | "text" if before.is_some_and(|before| before.role == Role::Run) => Role::Answer,
        _ => Role::Unknown(format!(
            "a block of {language:?} that is not run, and no answer to the block before it: say why on the line above, \
             <!-- not run: … -->"
        )),
    }
}

fn heading(line: &str) -> Option<&str> {
    let title = line.trim_start_matches('#');
    let level = line.len() - title.len();
    ((1..=6).contains(&level) && title.starts_with(' ')).then(|| title.trim())
}

/// The anchor that GitHub gives a heading: lower case, without punctuation, with hyphens for spaces.
fn anchor(title: &str) -> String {
    let mut text = String::new();
    let mut rest = title;
    // Of a link, only its text.
    while let Some((start, after)) = rest.split_once("](") {
        text.push_str(start);
        rest = after.split_once(')').map_or("", |(_, rest)| rest);
    }
    text.push_str(rest);
    let kept = text.to_lowercase();
    let kept = kept.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// A line with its code spans blanked out, and the spans.
fn without_code(line: &str) -> (String, Vec<String>) {
    let (mut prose, mut spans, mut rest) = (String::new(), Vec::new(), line);
    while let Some((before, after)) = rest.split_once('`') {
        let Some((span, after)) = after.split_once('`') else { break };
        prose.push_str(before);
        spans.push(span.to_owned());
        rest = after;
    }
    prose.push_str(rest);
    (prose, spans)
}

#[test]
fn anchors_are_those_of_github() {
    assert_eq!(anchor("What it costs"), "what-it-costs");
    assert_eq!(anchor("`output`, and its elements"), "output-and-its-elements");
    assert_eq!(anchor("On [AWS](deploy.md): a \"role\""), "on-aws-a-role");
    let twice = parse("x.md", "# A b\n\ntext\n\n## A b\n```sh\n# no heading\n```\n");
    assert_eq!(twice.anchors, ["a-b", "a-b-1"]);
}

#[test]
fn roles_are_told_apart() {
    let text = "```sh\ntrue\n```\n\n```json\n{}\n```\n<!-- not run: AWS -->\n```sh\nfalse\n```\n\n```json\n{}\n```\n";
    let roles: Vec<Role> = parse("x.md", text).blocks.into_iter().map(|block| block.role).collect();
    assert_eq!(roles[..3], [Role::Run, Role::Answer, Role::NotRun]);
    assert!(matches!(roles[3], Role::Unknown(_)), "an answer to a block that is not run");
}
