//! Which source file of a crate uses items of which other file, and the circles among them.
//!
//! A path counts for the file that defines its item: `super::Entry` is a use of `entry.rs` if the parent module only
//! re-exports `Entry` from there. A re-export itself counts as no use.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use crate::module_tree::{self, Module};

/// The files that each file uses, with one path of the code that shows it.
pub(crate) type Graph = BTreeMap<PathBuf, BTreeMap<PathBuf, String>>;

/// What a path names.
enum Target {
    Module(usize),
    /// An item that this module defines.
    ItemOf(usize),
}

/// The graph of the crate with this root file.
pub(crate) fn file_graph(root_file: &Path) -> Graph {
    let modules = module_tree::read(root_file);
    let mut graph = Graph::new();
    for (index, module) in modules.iter().enumerate() {
        let uses = graph.entry(module.file.clone()).or_default();
        for path in &module.used {
            // A path that ends at a module uses nothing yet; the paths through it do.
            if let Some(Target::ItemOf(owner)) = resolve(&modules, index, path, 0)
                && modules[owner].file != module.file
            {
                uses.insert(modules[owner].file.clone(), path.join("::"));
            }
        }
    }
    graph
}

/// Deeper than any chain of re-exports: ends the search among modules that re-export each other.
const MAX_DEPTH: usize = 16;

/// What a path in the code of a module names; `None` for an item of another crate, and for a local name.
fn resolve(modules: &[Module], from: usize, path: &[String], depth: usize) -> Option<Target> {
    match path.first()?.as_str() {
        _ if depth > MAX_DEPTH => None,
        "crate" => walk(modules, 0, &path[1..], depth),
        "self" => walk(modules, from, &path[1..], depth),
        "super" => {
            let parents = path.iter().take_while(|name| *name == "super").count();
            let parent = (0..parents).fold(from, |module, _| modules[module].parent);
            walk(modules, parent, &path[parents..], depth)
        }
        name => knows(modules, from, name, depth).then(|| walk(modules, from, path, depth))?,
    }
}

/// Whether the module defines or imports this name.
fn knows(modules: &[Module], module: usize, name: &str, depth: usize) -> bool {
    let Module { children, items, imports, globs, .. } = &modules[module];
    children.contains_key(name)
        || items.contains(name)
        || imports.contains_key(name)
        || globs.iter().any(|glob| match resolve(modules, module, glob, depth + 1) {
            Some(Target::Module(target)) if target != module => knows(modules, target, name, depth + 1),
            _ => false,
        })
}

/// What the rest of a path names in a module.
fn walk(modules: &[Module], from: usize, path: &[String], depth: usize) -> Option<Target> {
    let module = &modules[from];
    let Some((name, rest)) = path.split_first() else { return Some(Target::Module(from)) };
    if depth > MAX_DEPTH {
        return None;
    }
    let imported = module.imports.get(name).filter(|import| import.as_slice() != path);
    match (module.children.get(name), imported) {
        // Both can exist: `mod read; use read::read;`.
        (Some(child), import) if import.is_none() || !rest.is_empty() => walk(modules, *child, rest, depth),
        (_, Some(import)) => match resolve(modules, from, import, depth + 1)? {
            Target::Module(target) => walk(modules, target, rest, depth + 1),
            item @ Target::ItemOf(_) => Some(item),
        },
        _ if module.items.contains(name) => Some(Target::ItemOf(from)),
        _ => {
            let targets = module.globs.iter().filter_map(|glob| resolve(modules, from, glob, depth + 1));
            let mut targets = targets.filter_map(|target| match target {
                Target::Module(target) if target != from => Some(target),
                _ => None,
            });
            match targets.find(|target| knows(modules, *target, name, depth + 1)) {
                Some(target) => walk(modules, target, path, depth + 1),
                // Made by a macro.
                None => Some(Target::ItemOf(from)),
            }
        }
    }
}

/// Groups of files that use each other in a circle, directly or through others; each use in a group as one line.
pub(crate) fn circles(graph: &Graph) -> Vec<Vec<String>> {
    let reachable: BTreeMap<_, _> = graph.keys().map(|file| (file, reachable(graph, file))).collect();
    let (mut circles, mut seen) = (Vec::new(), BTreeSet::new());
    for file in graph.keys().filter(|file| reachable[file].contains(*file)) {
        let group: BTreeSet<_> =
            reachable[file].iter().filter(|other| reachable[**other].contains(file)).copied().collect();
        if seen.insert(group.first().copied()) {
            let uses = group.iter().flat_map(|from| graph[*from].iter().map(move |(to, path)| (from, to, path)));
            let inner = uses.filter(|(_, to, _)| group.contains(to));
            let line = |(from, to, path): (&&PathBuf, &PathBuf, &String)| {
                format!("{} uses {} ({path})", from.display(), to.display())
            };
            circles.push(inner.map(line).collect());
        }
    }
    circles
}

/// The files that a file uses, directly or through others.
fn reachable<'a>(graph: &'a Graph, file: &'a PathBuf) -> BTreeSet<&'a PathBuf> {
    let (mut found, mut next) = (BTreeSet::new(), vec![file]);
    while let Some(file) = next.pop() {
        next.extend(graph[file].keys().filter(|used| found.insert(*used)));
    }
    found
}
