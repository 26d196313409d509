//! Reads traces in the Common Trace Format, versions 1.8 and 2, as LTTng and others write them.
//!
//! A [`TraceSet`] has the traces of a directory, their streams, and the event classes that their metadata describes.
//! A [`Reader`] returns the events and losses of all streams in time order. Fields are borrowed from the packet, so
//! an event needs no allocation.
//!
//! # Example: count events by name, and what is missing
//!
//! ```no_run
//! use beamtap_ctf::{Item, TraceSet};
//!
//! let set = TraceSet::open("/tmp/my-session".as_ref())?;
//! let mut reader = set.reader();
//! let (mut counts, mut discarded) = (vec![0u64; set.classes().len()], 0);
//! while let Some(item) = reader.next()? {
//!     match item {
//!         Item::Event(event) => counts[event.class().index()] += 1,
//!         Item::Discarded(loss) => discarded += loss.count,
//!         Item::LostPackets(loss) => eprintln!("{} packets lost", loss.count),
//!     }
//! }
//! for (class, count) in set.classes().iter().zip(counts) {
//!     println!("{count:10} {}", class.name());
//! }
//! println!("{discarded:10} discarded");
//! # Ok::<(), beamtap_ctf::Error>(())
//! ```
//!
//! # Example: read integers fast
//!
//! Look up fields once for each class, read them by index, and use `for_each`.
//!
//! ```no_run
//! use std::ops::ControlFlow;
//!
//! use beamtap_ctf::{Item, TraceSet};
//!
//! let set = TraceSet::open("/tmp/my-session".as_ref())?;
//! let lengths: Vec<Option<usize>> = set.classes().iter().map(|c| c.field_index("length")).collect();
//! let mut total = 0;
//! let _ = set.reader().for_each(|item| {
//!     match item {
//!         Ok(Item::Event(event)) => {
//!             if let Some(length) = lengths[event.class().index()] {
//!                 total += event.u64(length);
//!             }
//!         }
//!         Ok(_) => {}
//!         Err(error) => eprintln!("{error}"),
//!     }
//!     ControlFlow::Continue(())
//! });
//! println!("{total} bytes");
//! # Ok::<(), beamtap_ctf::Error>(())
//! ```

//! # Example: what was lost when, without reading events
//!
//! ```no_run
//! use beamtap_ctf::TraceSet;
//!
//! for bin in TraceSet::open("/tmp/my-session".as_ref())?.overview(100).bins {
//!     let seconds = (bin.end_ns - bin.begin_ns) as f64 / 1e9;
//!     println!("{} {:.0} bytes/s, {} lost", bin.begin_ns, bin.content_bytes as f64 / seconds, bin.discarded);
//! }
//! # Ok::<(), beamtap_ctf::Error>(())
//! ```
//!
//! # Example: kernel and user space, from several hosts
//!
//! All traces below a directory are read as one. Each event knows its trace.
//!
//! ```no_run
//! use beamtap_ctf::{Item, TraceSet};
//!
//! let set = TraceSet::open("/tmp/all-hosts".as_ref())?;
//! let mut reader = set.reader();
//! while let Some(item) = reader.next()? {
//!     if let Item::Event(event) = item {
//!         let trace = &set.traces()[event.trace()];
//!         let host = trace.environment().find(|(name, _)| *name == "hostname").and_then(|(_, v)| v.as_str());
//!         print!("{} {} {}", event.timestamp_ns(), host.unwrap_or("?"), event.name());
//!         for (name, value) in event.common_context().chain(event.fields()) {
//!             print!(" {name}={value:?}");
//!         }
//!         println!();
//!     }
//! }
//! # Ok::<(), beamtap_ctf::Error>(())
//! ```
//!
//! To read on several threads, see [`TraceSet::fold_packets`] and [`TraceSet::fold_in_order`]. [`Follower`] and
//! [`LiveReader`] read traces that are still being written.

#![forbid(unsafe_code)]

mod bits;
mod class;
mod clock;
mod cursor;
pub mod decimal;
mod directories;
mod error;
mod event;
mod field;
mod follow;
mod header;
mod index;
mod lanes;
mod live;
mod loss;
mod metadata;
mod overview;
mod packet;
mod packets;
mod parallel;
mod piece;
mod program;
mod range;
mod reader;
mod text;
mod text_plan;
mod trace_set;
mod value;
mod walk;
mod window;

pub use bits::ByteOrder;
pub use class::{ClassKey, EventClass};
pub use clock::Clock;
pub use error::Error;
pub use event::{Event, Item};
pub use field::{Choice, Field, FieldKind, FieldType, Mapping};
pub use follow::Follower;
pub use lanes::Poll;
pub use live::{LiveReader, LiveSession, LiveUrl, Reattached, Seek, live_sessions};
pub use loss::{Loss, StreamKey};
pub use metadata::EnvValue;
pub use overview::{Bin, Overview};
pub use packets::{Packet, Packets};
pub use parallel::{Folded, Ordered, PacketReader, Stretch};
pub use range::TimeRange;
pub use reader::Reader;
pub use trace_set::{Stream, Trace, TraceSet};
pub use value::{Elements, EnumValue, Members, Selected, Value};
