//! Links of documents, and files that they name.

use std::{
    fs,
    path::{Component, Path, PathBuf},
};

use crate::markdown::Document;

/// Folders of the checkout that a path in the documents begins with.
const FOLDERS: [&str; 5] = ["functions/", "layers/", "tests/", "infra/", "docs/"];

/// Links that lead nowhere, one line each.
pub(crate) fn dead(root: &Path, documents: &[Document]) -> Vec<String> {
    let mut problems = Vec::new();
    for document in documents {
        for (line, text) in &document.prose {
            for link in links(text) {
                if let Err(why) = check(root, documents, document, &link) {
                    problems.push(format!("{}:{line}: {link}: {why}", document.name));
                }
            }
        }
    }
    problems
}

/// The targets of the links and images in a line.
fn links(line: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = line;
    while let Some((_, after)) = rest.split_once("](") {
        let target: String = after.chars().take_while(|c| *c != ')').collect();
        found.push(target.split(" \"").next().unwrap_or_default().to_owned());
        rest = after;
    }
    for attribute in ["href=\"", "src=\""] {
        found.extend(line.split(attribute).skip(1).filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())));
    }
    let definition = line.strip_prefix('[').and_then(|rest| rest.split_once("]: "));
    found.extend(definition.map(|(_, target)| target.trim().to_owned()));
    let bracketed = line.split('<').skip(1).filter(|rest| rest.starts_with("http"));
    found.extend(bracketed.filter_map(|rest| Some(rest.split_once('>')?.0.to_owned())));
    found
}

fn check(root: &Path, documents: &[Document], from: &Document, link: &str) -> Result<(), String> {
    if link.contains("://") {
        return outside(link);
    }
    if link.starts_with('/') || link.starts_with("mailto:") || link.is_empty() {
        return Err("neither a relative path nor https".into());
    }
    let (path, anchor) = link.split_once('#').map_or((link, None), |(path, anchor)| (path, Some(anchor)));
    let folder = Path::new(&from.name).parent().unwrap();
    let target = if path.is_empty() { PathBuf::from(&from.name) } else { plain(&folder.join(path))? };
    let there = fs::metadata(root.join(&target)).map_err(|_| "there is no such file".to_owned())?;
    if target.extension().is_some_and(|extension| extension == "png") {
        let bytes = fs::read(root.join(&target)).map_err(|error| error.to_string())?;
        return if bytes.starts_with(b"\x89PNG\r\n\x1a\n") { Ok(()) } else { Err("not a PNG".into()) };
    }
    let Some(anchor) = anchor else { return Ok(()) };
    let document = documents.iter().find(|document| Path::new(&document.name) == target);
    let document = document.filter(|_| there.is_file()).ok_or("an anchor in what is no document")?;
    match document.anchors.iter().any(|known| known == anchor) {
        true => Ok(()),
        false => Err(format!("no such heading; there are {}", document.anchors.join(", "))),
    }
}

/// A link out of the checkout is only read, never followed: tests need no network.
fn outside(link: &str) -> Result<(), String> {
    let url = reqwest::Url::parse(link).map_err(|error| error.to_string())?;
    let host = url.host_str().is_some_and(|host| host.contains('.'));
    match url.scheme() == "https" && host && link.bytes().all(|byte| byte.is_ascii_graphic()) {
        true => Ok(()),
        false => Err("not a well-formed https link".into()),
    }
}

/// A path without `..`, within the checkout.
fn plain(path: &Path) -> Result<PathBuf, String> {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::Normal(part) => plain.push(part),
            Component::ParentDir => {
                plain.pop().then_some(()).ok_or("leads out of the checkout")?;
            }
            Component::CurDir => {}
            Component::RootDir | Component::Prefix(_) => return Err("an absolute path".into()),
        }
    }
    Ok(plain)
}

/// Paths in code spans that are not in the checkout, one line each.
pub(crate) fn missing_files(root: &Path, documents: &[Document]) -> Vec<String> {
    let mut problems = Vec::new();
    for document in documents {
        for (line, span) in &document.spans {
            let path = span.split([' ', '#']).next().unwrap_or_default();
            let named = FOLDERS.iter().any(|folder| path.starts_with(folder)) && !path.contains(['*', '<', '…', '{']);
            if named && !root.join(path).exists() {
                problems.push(format!("{}:{line}: there is no {path}", document.name));
            }
        }
    }
    problems
}

#[test]
fn what_is_dead_is_found() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("b.png"), "no picture").unwrap();
    fs::write(root.path().join("a.md"), "").unwrap();
    let text = "# One\n[x](#one) [x](a.md#one) [x](https://example.com/a)\n[x](#two)\n[x](c.md)\n![x](b.png)\n[x](/a.md)\n\
                [x](../../a.md)\n[x](http://example.com)\n[x](https://localhost)\n<http://example.com>\n";
    let document = crate::markdown::parse("a.md", text);
    let problems = dead(root.path(), &[document]);
    let lines: Vec<&str> = problems.iter().filter_map(|problem| problem.split(':').nth(1)).collect();
    assert_eq!(lines, ["3", "4", "5", "6", "7", "8", "9", "10"], "{problems:?}");
}
