//! The modules of a crate outside its tests: their files, items and imports, read with syn.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use syn::{
    Attribute, Item, UseTree, Visibility,
    visit::{self, Visit},
};

/// A path in code: `["crate", "store", "ObjectStore"]`.
pub(crate) type Names = Vec<String>;

/// A module. An inline module has the file of its parent.
#[derive(Default)]
pub(crate) struct Module {
    pub(crate) file: PathBuf,
    /// Index of the parent module; the root is its own parent.
    pub(crate) parent: usize,
    /// Child modules, as indices.
    pub(crate) children: BTreeMap<String, usize>,
    /// Names of the items that the module defines.
    pub(crate) items: BTreeSet<String>,
    /// Names that `use` brings into scope, and their paths.
    pub(crate) imports: BTreeMap<String, Names>,
    /// Paths of `use path::*`.
    pub(crate) globs: Vec<Names>,
    /// Paths that the code uses: in expressions, types, macros, and imports that are not re-exports.
    pub(crate) used: BTreeSet<Names>,
}

/// The modules of the crate with this root file; the first is the root.
pub(crate) fn read(root_file: &Path) -> Vec<Module> {
    let mut modules = Vec::new();
    let folder = root_file.parent().unwrap();
    let items = parse(root_file);
    add(&mut modules, root_file, 0, folder, &items);
    modules
}

fn parse(file: &Path) -> Vec<Item> {
    let text = fs::read_to_string(file).unwrap();
    syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display())).items
}

/// Adds a module and its children, whose files are in this folder; its index.
fn add(modules: &mut Vec<Module>, file: &Path, parent: usize, folder: &Path, items: &[Item]) -> usize {
    let index = modules.len();
    let mut reader = Reader(Module { file: file.to_owned(), parent, ..Module::default() });
    let items = || items.iter().filter(|item| !is_test(attributes(item)));
    for item in items() {
        reader.0.items.extend(name(item));
        if !matches!(item, Item::Mod(_)) {
            reader.visit_item(item);
        }
    }
    modules.push(reader.0);
    for item in items() {
        let Item::Mod(module) = item else { continue };
        let name = module.ident.to_string();
        let below = folder.join(&name);
        let child = if let Some((_, items)) = &module.content {
            add(modules, file, index, &below, items)
        } else {
            let files = [folder.join(format!("{name}.rs")), below.join("mod.rs")];
            let file = files.iter().find(|file| file.is_file()).unwrap_or_else(|| panic!("{files:?} are missing"));
            add(modules, file, index, &below, &parse(file))
        };
        modules[index].children.insert(name, child);
    }
    index
}

/// Collects paths and imports of one module.
struct Reader(Module);

impl Reader {
    fn import(&mut self, tree: &UseTree, mut prefix: Names, is_export: bool) {
        let (last, local) = match tree {
            UseTree::Path(path) => {
                prefix.push(path.ident.to_string());
                return self.import(&path.tree, prefix, is_export);
            }
            UseTree::Group(group) => {
                return group.items.iter().for_each(|tree| self.import(tree, prefix.clone(), is_export));
            }
            UseTree::Glob(_) => {
                if !is_export {
                    self.0.used.insert(prefix.clone());
                }
                return self.0.globs.push(prefix);
            }
            UseTree::Name(name) => (name.ident.to_string(), name.ident.to_string()),
            UseTree::Rename(rename) => (rename.ident.to_string(), rename.rename.to_string()),
        };
        let of_prefix = last == "self";
        let local = if local == "self" { prefix.last().cloned().unwrap_or_default() } else { local };
        let path = if of_prefix { prefix } else { [prefix, vec![last]].concat() };
        if !is_export {
            self.0.used.insert(path.clone());
        }
        self.0.imports.insert(local, path);
    }
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item(&mut self, item: &'ast Item) {
        match item {
            _ if is_test(attributes(item)) => {}
            Item::Use(item) if item.leading_colon.is_some() => {}
            Item::Use(item) => self.import(&item.tree, Vec::new(), !matches!(item.vis, Visibility::Inherited)),
            other => visit::visit_item(self, other),
        }
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        if !is_test(&item.attrs) {
            visit::visit_impl_item_fn(self, item);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.leading_colon.is_none() {
            self.0.used.insert(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        let text = call.tokens.to_string().replace(" :: ", "::");
        let words = text.split(|c: char| !c.is_alphanumeric() && c != '_' && c != ':');
        let paths = words.filter(|word| word.contains("::") || word.starts_with(char::is_uppercase));
        self.0.used.extend(paths.map(|path| path.split("::").map(str::to_owned).collect()));
        visit::visit_macro(self, call);
    }

    // A path in `pub(in path)` or in an attribute is no use of another file's items.
    fn visit_visibility(&mut self, _: &'ast Visibility) {}

    fn visit_attribute(&mut self, _: &'ast Attribute) {}
}

/// True under `#[cfg(test)]` and similar conditions, and for a test function.
fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        syn::Meta::Path(path) => path.is_ident("test"),
        syn::Meta::List(list) => {
            list.path.is_ident("cfg")
                && list.tokens.to_string().split(|c: char| !c.is_alphanumeric()).any(|word| word == "test")
        }
        syn::Meta::NameValue(_) => false,
    })
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// The name that an item defines in its module; none for modules, imports and impl blocks.
fn name(item: &Item) -> Option<String> {
    let name = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        _ => return None,
    };
    Some(name.to_string())
}
