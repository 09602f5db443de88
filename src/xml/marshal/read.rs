//! From XML to a value: everything that a client ever emitted, and nothing dangerous.
//!
//! Elements go into a flat list of nodes first, references included, with a count of what each
//! container would be once its references are resolved. Only a document within the limits is
//! then turned into a value, so that a small hostile text never becomes a large one.

use std::collections::HashMap;

use crate::xml::document::{DeclaredEncoding, Document, Element, Event, clip, is_space};

use super::{Class, MarshalError, Object, Value, key::last_wins, scalar::Scalar};

/// How many bytes a marshalled field may have (`marshalling.md` 1.7).
pub const MAX_BYTES: usize = 8 * 1024 * 1024;
/// How many containers may be nested, tuples included, references resolved
/// (`marshalling.md` 1.7).
pub const MAX_DEPTH: usize = 100;
/// How many values a document may hold, containers included, references resolved
/// (`marshalling.md` 1.7).
pub const MAX_NODES: usize = 1_000_000;
/// How many digits an integer may have (`marshalling.md` 1.7).
pub const MAX_DIGITS: usize = 40;

/// Reads one marshalled value that a client sent (`marshalling.md` 1, "we accept").
///
/// Errors: [`MarshalError::TooLarge`] beyond [`MAX_BYTES`], all others for a text that is not
/// one value within the limits; an object is refused.
pub fn read(text: &str) -> Result<Value<'static>, MarshalError> {
    build(text, Builder::default())
}

/// Reads one marshalled value that another master answered: as [`read`], and it may hold objects
/// of the classes that the client's library accepts, as the data that they are written as.
pub fn read_answer(text: &str) -> Result<Value<'static>, MarshalError> {
    build(
        text,
        Builder {
            reads_objects: true,
            ..Builder::default()
        },
    )
}

fn build(text: &str, mut builder: Builder) -> Result<Value<'static>, MarshalError> {
    if text.len() > MAX_BYTES {
        return Err(MarshalError::TooLarge { size: text.len() });
    }
    let mut document = Document::new(text, DeclaredEncoding::MustBeUtf8)?;
    loop {
        let event = document.next()?;
        let position = document.position();
        match event {
            Event::Start(element) => builder.start(&element, position)?,
            Event::End => builder.end(position)?,
            Event::Text(text) => builder.text(&text, position)?,
            Event::Aside => {}
            Event::Eof => return builder.finish(),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    List,
    Tuple,
    Set,
    Dictionary,
    Object(Class),
}

impl Kind {
    const fn words(self) -> &'static str {
        match self {
            Self::List => "a list",
            Self::Tuple => "a tuple that holds a list, a dictionary or a set",
            Self::Set => "a set",
            Self::Dictionary => "a dictionary",
            Self::Object(_) => "an object",
        }
    }
}

enum Node {
    Leaf(Value<'static>),
    Container(Container),
}

/// A container and what it comes to with its references resolved.
struct Container {
    kind: Kind,
    children: Vec<usize>,
    open: bool,
    /// Whether Python could use it as a key.
    hashable: bool,
    nodes: usize,
    bytes: usize,
    height: usize,
}

enum Frame {
    Root,
    Container(usize),
    Scalar {
        scalar: Scalar,
        text: String,
        position: usize,
    },
    Reference,
}

#[derive(Default)]
struct Builder {
    /// Whether objects are read, as data, or refused.
    reads_objects: bool,
    nodes: Vec<Node>,
    ids: HashMap<String, usize>,
    frames: Vec<Frame>,
    /// How many frames are containers.
    depth: usize,
    root: Option<usize>,
    /// Whether a container is used more than once.
    shared: bool,
}

impl Builder {
    fn start(&mut self, element: &Element<'_>, position: usize) -> Result<(), MarshalError> {
        let unexpected = |expected| {
            Err(MarshalError::UnexpectedElement {
                position,
                found: clip(element.name),
                expected,
            })
        };
        match self.frames.last() {
            None if element.name == "marshal" => {
                self.frames.push(Frame::Root);
                return Ok(());
            }
            None => return unexpected("`marshal` as root"),
            Some(Frame::Scalar { .. }) => return unexpected("only text in this element"),
            Some(Frame::Reference) => return unexpected("nothing in a `reference`"),
            Some(Frame::Root) if self.root.is_some() => {
                return unexpected("exactly one value in `marshal`");
            }
            Some(Frame::Root | Frame::Container(_)) => {}
        }
        if self.nodes.len() >= MAX_NODES {
            return Err(too_many_nodes());
        }
        let scalar = match element.name {
            "list" => return self.open(Kind::List, element, position),
            "tuple" => return self.open(Kind::Tuple, element, position),
            "set" => return self.open(Kind::Set, element, position),
            "dictionary" => return self.open(Kind::Dictionary, element, position),
            "reference" => return self.reference(element, position),
            "object" if self.reads_objects => {
                let class = class(element, position)?;
                return self.open(Kind::Object(class), element, position);
            }
            "object" => {
                return Err(MarshalError::Refused {
                    position,
                    element: "object",
                });
            }
            "code" => {
                return Err(MarshalError::Refused {
                    position,
                    element: "code",
                });
            }
            name => match Scalar::of_element(name) {
                Some(scalar) => scalar,
                None => return unexpected("the element of a value"),
            },
        };
        self.frames.push(Frame::Scalar {
            scalar,
            text: String::new(),
            position,
        });
        Ok(())
    }

    fn open(
        &mut self,
        kind: Kind,
        element: &Element<'_>,
        position: usize,
    ) -> Result<(), MarshalError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(MarshalError::TooDeep { position });
        }
        let index = self.nodes.len();
        // Quirk: the client's reader never gives a tuple its id, so none can be referred to; and
        // nobody refers to an object.
        let is_named = !matches!(kind, Kind::Tuple | Kind::Object(_));
        if let (Some(id), true) = (id(element), is_named) {
            self.ids.insert(id.to_owned(), index);
        }
        self.nodes.push(Node::Container(Container {
            kind,
            children: Vec::new(),
            open: true,
            hashable: kind == Kind::Tuple,
            nodes: 1,
            bytes: 0,
            height: 1,
        }));
        self.frames.push(Frame::Container(index));
        Ok(())
    }

    fn reference(&mut self, element: &Element<'_>, position: usize) -> Result<(), MarshalError> {
        let bad = |id: &str, reason| {
            Err(MarshalError::BadReference {
                position,
                id: clip(id),
                reason,
            })
        };
        let Some(id) = id(element) else {
            return bad("", "has no `id`");
        };
        let Some((index, Node::Container(target))) = self
            .ids
            .get(id)
            .and_then(|index| Some((*index, self.nodes.get(*index)?)))
        else {
            return bad(id, "names no container that started before it");
        };
        if target.open {
            return bad(id, "names a container that it is in");
        }
        if self.depth + target.height > MAX_DEPTH {
            return Err(MarshalError::TooDeep { position });
        }
        self.shared = true;
        self.frames.push(Frame::Reference);
        self.add(index)
    }

    fn text(&mut self, piece: &str, position: usize) -> Result<(), MarshalError> {
        match self.frames.last_mut() {
            Some(Frame::Scalar {
                scalar: Scalar::None,
                ..
            }) => Ok(()),
            Some(Frame::Scalar { text, .. }) => {
                text.push_str(piece);
                Ok(())
            }
            _ if is_space(piece) => Ok(()),
            _ => Err(MarshalError::UnexpectedText { position }),
        }
    }

    fn end(&mut self, end: usize) -> Result<(), MarshalError> {
        match self.frames.pop() {
            Some(Frame::Scalar {
                scalar,
                text,
                position,
            }) => {
                let value = scalar.read(text, position)?;
                self.nodes.push(Node::Leaf(value));
                self.add(self.nodes.len() - 1)
            }
            Some(Frame::Container(index)) => {
                self.depth -= 1;
                self.close(index, end)?;
                self.add(index)
            }
            Some(Frame::Root | Frame::Reference) | None => Ok(()),
        }
    }

    /// Checks a container whose children are complete.
    fn close(&mut self, index: usize, position: usize) -> Result<(), MarshalError> {
        let is_object = self.is_object(index);
        let Some(Node::Container(container)) = self.nodes.get_mut(index) else {
            return Ok(());
        };
        container.open = false;
        let kind = container.kind;
        // Keys of a dictionary, members of a set: every second child, or every child.
        let step = match kind {
            Kind::List => return Ok(()),
            Kind::Object(_) if is_object => return Ok(()),
            Kind::Object(_) => return Err(MarshalError::MalformedObject { position }),
            Kind::Dictionary => 2,
            Kind::Tuple | Kind::Set => 1,
        };
        if !container.children.len().is_multiple_of(step) {
            return Err(MarshalError::KeyWithoutValue { position });
        }
        let children = std::mem::take(&mut container.children);
        let unhashable =
            children
                .iter()
                .step_by(step)
                .find_map(|child| match self.nodes.get(*child) {
                    Some(Node::Container(inner)) if !inner.hashable => Some(inner.kind.words()),
                    _ => None,
                });
        if let Some(Node::Container(container)) = self.nodes.get_mut(index) {
            container.children = children;
            container.hashable &= unhashable.is_none();
        }
        match unhashable {
            Some(found) if kind != Kind::Tuple => Err(MarshalError::Unhashable { position, found }),
            _ => Ok(()),
        }
    }

    /// Whether it is an object whose children are a tuple and, where anything is set on it, a
    /// dictionary with texts for keys.
    fn is_object(&self, index: usize) -> bool {
        let container = |index: usize| match self.nodes.get(index) {
            Some(Node::Container(container)) => Some(container),
            Some(Node::Leaf(_)) | None => None,
        };
        let is_attributes =
            |index: usize| {
                container(index).is_some_and(|inner| {
                    inner.kind == Kind::Dictionary
                        && inner.children.iter().step_by(2).all(|key| {
                            matches!(self.nodes.get(*key), Some(Node::Leaf(Value::Text(_))))
                        })
                })
            };
        let is_tuple = |index: usize| container(index).is_some_and(|c| c.kind == Kind::Tuple);
        let object = container(index).filter(|object| matches!(object.kind, Kind::Object(_)));
        match object.map(|object| object.children.as_slice()) {
            Some([arguments]) => is_tuple(*arguments),
            Some([arguments, attributes]) => is_tuple(*arguments) && is_attributes(*attributes),
            Some(_) | None => false,
        }
    }

    /// Puts a complete node into what is open around it.
    fn add(&mut self, index: usize) -> Result<(), MarshalError> {
        let (nodes, bytes, height) = match self.nodes.get(index) {
            Some(Node::Container(inner)) => (inner.nodes, inner.bytes, inner.height),
            Some(Node::Leaf(Value::Text(text))) => (1, text.len(), 0),
            _ => (1, 0, 0),
        };
        let parent = self.frames.iter().rev().find_map(|frame| match frame {
            Frame::Root => Some(None),
            Frame::Container(parent) => Some(Some(*parent)),
            Frame::Scalar { .. } | Frame::Reference => None,
        });
        let Some(Some(parent)) = parent else {
            self.root = Some(index);
            return Ok(());
        };
        let Some(Node::Container(parent)) = self.nodes.get_mut(parent) else {
            return Ok(());
        };
        parent.children.push(index);
        parent.nodes = parent.nodes.saturating_add(nodes);
        parent.bytes = parent.bytes.saturating_add(bytes);
        parent.height = parent.height.max(height + 1);
        if parent.nodes > MAX_NODES {
            return Err(too_many_nodes());
        }
        if parent.bytes > MAX_BYTES {
            return Err(MarshalError::TooBig {
                limit: MAX_BYTES,
                unit: "bytes of text",
            });
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Value<'static>, MarshalError> {
        let root = self.root.ok_or(MarshalError::NoValue)?;
        Ok(self.build(root))
    }

    /// The value of a node. Depth and size were checked when its container was closed.
    fn build(&mut self, index: usize) -> Value<'static> {
        let shared = self.shared;
        let (kind, children) = match self.nodes.get_mut(index) {
            Some(Node::Leaf(value)) if shared => return value.clone(),
            Some(Node::Leaf(value)) => return std::mem::take(value),
            Some(Node::Container(container)) if shared => {
                (container.kind, container.children.clone())
            }
            Some(Node::Container(container)) => {
                (container.kind, std::mem::take(&mut container.children))
            }
            None => return Value::None,
        };
        let mut items = children.into_iter().map(|child| self.build(child));
        match kind {
            Kind::List => Value::List(items.collect()),
            Kind::Tuple => Value::Tuple(items.collect()),
            Kind::Set => {
                let members = items.map(|member| (member, Value::None)).collect();
                Value::Set(last_wins(members).into_iter().map(|(k, _)| k).collect())
            }
            Kind::Dictionary => {
                let mut pairs = Vec::with_capacity(items.len() / 2);
                while let (Some(key), Some(value)) = (items.next(), items.next()) {
                    pairs.push((key, value));
                }
                Value::Dictionary(last_wins(pairs))
            }
            Kind::Object(class) => {
                let arguments = match items.next() {
                    Some(Value::Tuple(arguments)) => arguments,
                    _ => Vec::new(),
                };
                let attributes = match items.next() {
                    Some(Value::Dictionary(pairs)) => pairs,
                    _ => Vec::new(),
                };
                Value::Object(Box::new(Object {
                    class,
                    arguments,
                    attributes: attributes
                        .into_iter()
                        .filter_map(|(name, value)| {
                            let Value::Text(name) = name else {
                                return None;
                            };
                            Some((name, value))
                        })
                        .collect(),
                }))
            }
        }
    }
}

fn too_many_nodes() -> MarshalError {
    MarshalError::TooBig {
        limit: MAX_NODES,
        unit: "values",
    }
}

/// The attribute by which containers are referred to, whatever namespace it is in.
fn id<'e>(element: &'e Element<'_>) -> Option<&'e str> {
    attribute(element, "id")
}

fn attribute<'e>(element: &'e Element<'_>, name: &str) -> Option<&'e str> {
    element
        .attributes
        .iter()
        .rfind(|attribute| attribute.name == name)
        .map(|attribute| &*attribute.value)
}

/// The class that an object names, which must be one that the client's library accepts.
fn class(element: &Element<'_>, position: usize) -> Result<Class, MarshalError> {
    let (module, name) = (attribute(element, "module"), attribute(element, "class"));
    let (module, name) = (module.unwrap_or_default(), name.unwrap_or_default());
    Class::ALL
        .into_iter()
        .find(|class| module == Class::MODULE && class.name() == name)
        .ok_or_else(|| MarshalError::UnknownClass {
            position,
            found: clip(&format!("{module}.{name}")),
        })
}
