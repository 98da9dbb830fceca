//! What a service, or the task's class, said is wrong, at the fields that it means.
//!
//! pydantic's path names a field by the names, keys and indexes that lead to it, and between them things that are no
//! field: the tag of a union's variant, the kind that an alternative has (`int`, `list[int]`, `function-after[…]`),
//! `[key]` where a map's key is meant. What leads nowhere stands on top, whole; what leads half way stands where the
//! way ends, with the rest of it. Nothing is dropped.

use super::{FieldId, Form, Input, Node, Says};
use crate::catalogue::shape::What;

/// Parts between dots that a key is looked for in.
const MOST_DOTS: usize = 8;

impl Form {
    /// Takes the parts of a `ValidationError`: path (`sequence.0.drag.sigma`) and message. They replace what was said
    /// before; each goes away when its field is edited, what has no field when the next answer comes.
    pub fn place(&mut self, errors: &[(String, String)], by: Says) {
        self.told_by = by;
        self.told.clear();
        for node in self.nodes.iter_mut().flatten() {
            node.told.clear();
        }
        for (path, message) in errors {
            let steps = steps(path);
            let (field, rest) = self.way(self.root, &steps);
            let rest = rest.join(".");
            match field {
                Some(id) => {
                    let what = if rest.is_empty() { message.clone() } else { format!("{rest}: {message}") };
                    if let Some(node) = self.get_mut(id) {
                        node.told.push(what);
                    }
                    self.reveal(id);
                }
                None if path.is_empty() => self.told.push(message.clone()),
                None => self.told.push(format!("{path}: {message}")),
            }
        }
        self.collect();
    }

    /// Where a path leads from a field, and what of it is left there. No field: it leads nowhere.
    fn way<'p>(&self, from: FieldId, path: &'p [String]) -> (Option<FieldId>, &'p [String]) {
        let mut at = from;
        let mut rest = path;
        // What the path means is one of these, the last one that is a field of its own.
        let mut field = None;
        while let Some((step, after)) = rest.split_first() {
            let Some(node) = self.get(at) else { break };
            if node.is_union() {
                let Some(inner) = node.kids.first().copied() else { break };
                match self.is_variant(at, step) {
                    Some(true) => rest = after,
                    // About a variant that is not chosen.
                    Some(false) => break,
                    None => {
                        // An alternative whose name is not known here: it is this one if the way goes on in it.
                        let (found, left) = self.way(inner, after);
                        if found.is_none() || !left.is_empty() {
                            let (found, left) = self.way(inner, rest);
                            if found.is_some() && left.is_empty() {
                                return (found, left);
                            }
                            break;
                        }
                        rest = after;
                    }
                }
                at = inner;
                if !self.is_veiled(inner) {
                    field = Some(inner);
                }
                continue;
            }
            if step == "[key]" && field == Some(at) {
                rest = after;
                continue;
            }
            let Some((kid, after)) = self.inner(node, rest) else { break };
            at = kid;
            rest = after;
            field = Some(kid);
            // The tag of a variant is shown as the variant.
            if self.get(kid).is_some_and(|kid| kid.hidden) {
                let union = node.parent.filter(|parent| self.get(*parent).is_some_and(Node::is_union));
                field = union.or(field);
            }
        }
        (field, rest)
    }

    /// The field inside that a path begins with, and the rest of the path. A key with dots in it may stand there bare.
    fn inner<'p>(&self, node: &Node, path: &'p [String]) -> Option<(FieldId, &'p [String])> {
        if !node.holds() {
            return None;
        }
        let named = |name: &str| {
            node.kids.iter().copied().find(|kid| self.get(*kid).is_some_and(|kid| kid.field.name == name))
        };
        (1..=path.len().min(MOST_DOTS)).find_map(|n| Some((named(&path[..n].join("."))?, &path[n..])))
    }

    /// Whether a step of a path names the chosen variant of a union; `None` where that cannot be told.
    fn is_variant(&self, id: FieldId, step: &str) -> Option<bool> {
        let node = self.get(id)?;
        let What::Union(union) = &node.shape.what else { return None };
        let Input::Union { chosen, variants } = &node.field.input else { return None };
        let chosen = (*chosen)?;
        if let Some((_, tags)) = &union.tag
            && let Some((_, variant)) = tags.iter().find(|(tag, _)| tag == step)
        {
            return Some(*variant == chosen);
        }
        let named = |variant: usize| self.name_in_python(id, variant).is_some_and(|name| name == step);
        let matches: Vec<usize> = (0..variants.len()).filter(|variant| named(*variant)).collect();
        match matches.as_slice() {
            [] => None,
            matches => Some(matches.contains(&chosen)),
        }
    }

    /// What pydantic calls a variant in its paths.
    fn name_in_python(&self, id: FieldId, variant: usize) -> Option<String> {
        let node = self.get(id)?;
        let What::Union(union) = &node.shape.what else { return None };
        let mut schema = self.schema.clone();
        python_name(&mut schema, *union.variants.get(variant)?, 0)
    }
}

fn python_name(
    schema: &mut crate::catalogue::shape::Schema,
    at: crate::catalogue::shape::At,
    depth: usize,
) -> Option<String> {
    if depth > 4 {
        return None;
    }
    let shape = schema.shape(at);
    let name = match &shape.what {
        What::Null => "none".to_owned(),
        What::Bool => "bool".to_owned(),
        What::Number(number) if number.integer => "int".to_owned(),
        What::Number(_) => "float".to_owned(),
        What::Decimal => "decimal".to_owned(),
        What::Text(text) => match text.format.as_deref() {
            None if text.pattern.is_some() || text.least.is_some() || text.most.is_some() => {
                "constrained-str".to_owned()
            }
            None => "str".to_owned(),
            Some("date-time") => "datetime".to_owned(),
            Some("duration") => "timedelta".to_owned(),
            Some(format @ ("date" | "time" | "uuid")) => format.to_owned(),
            Some("uri") => "url".to_owned(),
            Some(_) => return None,
        },
        What::Model(_) => shape.class.clone().or_else(|| shape.title.clone())?,
        What::List(list) => {
            let name = if list.unique { "set" } else { "list" };
            match list.item {
                Some(item) => format!("{name}[{}]", python_name(schema, item, depth + 1)?),
                None => format!("{name}[any]"),
            }
        }
        What::Map(map) => match map.value {
            Some(value) => format!("dict[str,{}]", python_name(schema, value, depth + 1)?),
            None => "dict[str,any]".to_owned(),
        },
        _ => return None,
    };
    Some(name)
}

/// A path's steps. Keys with a dot in them stand in back ticks; pydantic 1 joined by arrows.
fn steps(path: &str) -> Vec<String> {
    if path.contains(" -> ") {
        return path.split(" -> ").map(str::to_owned).collect();
    }
    let mut steps = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        let quoted = rest.strip_prefix('`').and_then(|inside| {
            let end = inside.match_indices('`').map(|(at, _)| at).find(|at| {
                let after = &inside[at + 1..];
                after.is_empty() || after.starts_with('.')
            })?;
            Some((inside[..end].to_owned(), &inside[end + 1..]))
        });
        let (step, after) = quoted.unwrap_or_else(|| {
            let end = end_of_step(rest);
            (rest[..end].to_owned(), &rest[end..])
        });
        steps.push(step);
        rest = after.strip_prefix('.').unwrap_or(after);
    }
    steps
}

/// A step ends at the next dot that is not inside brackets (`function-after[check(), list[int]]`).
fn end_of_step(text: &str) -> usize {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            '[' | '(' => depth += 1,
            ']' | ')' => depth = depth.saturating_sub(1),
            '.' if depth == 0 => return at,
            _ => {}
        }
    }
    // Brackets that do not close are no brackets.
    if depth > 0 { text.find('.').unwrap_or(text.len()) } else { text.len() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_of_paths() {
        for (path, expected) in [
            ("", &[][..]),
            ("a", &["a"]),
            ("table.`a.b`.0.why", &["table", "a.b", "0", "why"]),
            (
                "either.function-after[check(a.b), list[int]].0",
                &["either", "function-after[check(a.b), list[int]]", "0"],
            ),
            ("by_index.seven.[key]", &["by_index", "seven", "[key]"]),
            ("m.a(b.c", &["m", "a(b", "c"]),
            ("a -> b.c", &["a", "b.c"]),
            ("m.`tick", &["m", "`tick"]),
        ] {
            assert_eq!(steps(path), expected, "{path}");
        }
    }
}
