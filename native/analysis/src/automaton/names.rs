//! What the numbers in events stand for.

use crate::atom;
use crate::interned::Interned;
use beamtap_schema::{Event, ThreadKind, event};
use foldhash::{HashMap, HashSet};
use std::fmt;

/// An interned function's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionName {
    /// The module, without quotes.
    pub module: Box<str>,
    /// The function, without quotes.
    pub name: Box<str>,
    /// Number of arguments.
    pub arity: u8,
}

/// As the language it is written in spells it: `lists:map/2`, `Enum.map/2`.
impl fmt::Display for FunctionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if atom::is_elixir_module(&self.module) {
            let (module, name) = (atom::elixir_atom(&self.module), atom::elixir_function(&self.name));
            write!(f, "{module}.{name}/{}", self.arity)
        } else {
            let (module, name) = (atom::erlang_atom(&self.module), atom::erlang_atom(&self.name));
            write!(f, "{module}:{name}/{}", self.arity)
        }
    }
}

/// A thread of the traced VM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThreadName {
    /// What it does; `None` if this version does not know the kind.
    pub kind: Option<ThreadKind>,
    /// The scheduler's number, from 1; 0 for threads that are not schedulers.
    pub scheduler: u32,
    /// The name the VM gave it.
    pub name: Box<str>,
}

/// The VM that was traced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vm {
    /// The kernel's process id.
    pub os_pid: u32,
    /// The node's name.
    pub node: Box<str>,
    /// The OTP release.
    pub otp_release: Box<str>,
    /// The version of the run-time system.
    pub erts: Box<str>,
    /// Schedulers online.
    pub schedulers: u32,
    /// Bytes in a word.
    pub word_bytes: u32,
    /// The version of beamtap that recorded.
    pub beamtap: Box<str>,
}

/// All definitions read so far. A definition can come after the first event that needs it, so look names up at the
/// end.
#[derive(Debug, Default)]
pub struct Names {
    functions: Interned<FunctionName>,
    atoms: Interned<Box<str>>,
    threads: HashMap<u32, ThreadName>,
    vms: Vec<Vm>,
    /// The functions that a process is scheduled out in once its stack is thrown away.
    without_stack: [u32; 2],
    /// Functions of whose calls it is not recorded how they end.
    endless: HashSet<u32>,
}

impl Names {
    /// The largest number of VMs that are kept. Of more, the first ones are kept.
    pub const MAX_VMS: usize = 16;

    /// The function with this number, if it was defined.
    pub fn function(&self, id: u32) -> Option<&FunctionName> {
        self.functions.get(id)
    }

    /// A text for the function with this number, also if it is not defined; empty for 0.
    pub fn function_text(&self, id: u32) -> String {
        match self.functions.get(id) {
            Some(name) => name.to_string(),
            None if id == 0 => String::new(),
            None => format!("function#{id}"),
        }
    }

    /// The atom with this number, if it was defined.
    pub fn atom(&self, id: u32) -> Option<&str> {
        self.atoms.get(id).map(|text| &**text)
    }

    /// A text for the atom with this number, also if it is not defined, as Erlang or Elixir writes it: `my_server`,
    /// `'my server'`, `MyApp.Server`; empty for 0.
    pub fn atom_text(&self, id: u32) -> String {
        match self.atoms.get(id) {
            Some(text) if atom::is_elixir_module(text) => atom::elixir_atom(text),
            Some(text) => atom::erlang_atom(text),
            None if id == 0 => String::new(),
            None => format!("atom#{id}"),
        }
    }

    /// The threads that were defined, by the kernel's thread id.
    pub fn threads(&self) -> &HashMap<u32, ThreadName> {
        &self.threads
    }

    /// The VMs that recorded into the trace, in the order of their definitions; at most [`Names::MAX_VMS`].
    pub fn vms(&self) -> &[Vm] {
        &self.vms
    }

    /// Whether a process that is scheduled out in this function has no stack: `erlang:hibernate/3` throws it away, or
    /// the process has not yet begun. The VM names the one or, in some releases, what the process will begin with.
    #[inline]
    pub(super) fn leaves_no_stack(&self, function: u32) -> bool {
        function != 0 && self.without_stack.contains(&function)
    }

    /// Whether it is not recorded how calls of this function end.
    #[inline]
    pub(super) fn is_endless(&self, function: u32) -> bool {
        !self.endless.is_empty() && self.endless.contains(&function)
    }

    /// Takes a definition. Returns whether the event defines a function, an atom, a thread or a VM.
    pub fn learn(&mut self, event: &Event<'_>) -> bool {
        match event {
            Event::DefFunction(def) => self.define_function(def),
            Event::DefEnds(def) if def.recorded == 0 => {
                self.endless.insert(def.function);
            }
            Event::DefEnds(def) => {
                self.endless.remove(&def.function);
            }
            Event::DefAtom(def) => self.define_atom(def),
            Event::DefThread(def) => self.define_thread(def),
            Event::DefVm(def) => self.define_vm(def),
            _ => return false,
        }
        true
    }

    fn define_function(&mut self, def: &event::DefFunction<'_>) {
        // Definitions are dumped again and again; only the first costs an allocation.
        let known = self.functions.get(def.function).is_some_and(|known| {
            known.arity == def.arity && *known.name == *def.name && *known.module == *def.module
        });
        if !known {
            let name = FunctionName { module: def.module.into(), name: def.name.into(), arity: def.arity };
            match (def.module, def.name, def.arity) {
                ("erlang", "hibernate", 3) => self.without_stack[0] = def.function,
                (module, "run_process", 3) if module.starts_with("erts_") => {
                    self.without_stack[1] = def.function;
                }
                _ => {}
            }
            self.functions.insert(def.function, name);
        }
    }

    fn define_atom(&mut self, def: &event::DefAtom<'_>) {
        if self.atoms.get(def.atom).is_none_or(|known| **known != *def.text) {
            self.atoms.insert(def.atom, def.text.into());
        }
    }

    fn define_thread(&mut self, def: &event::DefThread<'_>) {
        let name = ThreadName {
            kind: ThreadKind::from_wire(def.kind),
            scheduler: def.scheduler,
            name: def.name.into(),
        };
        self.threads.insert(def.thread, name);
    }

    fn define_vm(&mut self, def: &event::DefVm<'_>) {
        let vm = Vm {
            os_pid: def.os_pid,
            node: def.node.into(),
            otp_release: def.otp_release.into(),
            erts: def.erts.into(),
            schedulers: def.schedulers,
            word_bytes: def.word_bytes,
            beamtap: def.beamtap.into(),
        };
        // In containers all have one process id. A node may get its name while it runs.
        let is_alive = |vm: &Vm| *vm.node != *"nonode@nohost";
        let is_same = |known: &Vm| {
            known.os_pid == vm.os_pid && (known.node == vm.node || !is_alive(known) || !is_alive(&vm))
        };
        if let Some(known) = self.vms.iter_mut().find(|known| is_same(known)) {
            *known = vm;
        } else if self.vms.len() < Self::MAX_VMS {
            self.vms.push(vm);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(module: &str, name: &str, arity: u8) -> String {
        FunctionName { module: module.into(), name: name.into(), arity }.to_string()
    }

    #[test]
    fn a_function_reads_as_its_language_spells_it() {
        assert_eq!(text("lists", "map", 2), "lists:map/2");
        assert_eq!(text("Elixir.Enum", "map", 2), "Enum.map/2");
        assert_eq!(text("Elixir.GenServer", "handle_call!", 3), "GenServer.handle_call!/3");
        assert_eq!(text("lists", "-map/2-fun-0-", 1), "lists:'-map/2-fun-0-'/1");
        assert_eq!(text("my-app", "Go", 0), "'my-app':'Go'/0");
        assert_eq!(text("m", "end", 0), "m:'end'/0");
        assert_eq!(text("m", "it's", 0), r"m:'it\'s'/0");
        assert_eq!(text("Elixir.Foo", "it's", 1), "Foo.\"it's\"/1");
        assert_eq!(text("Elixir.foo", "+", 2), ":\"Elixir.foo\".+/2");
    }

    #[test]
    fn a_vm_is_known_by_its_process_and_its_nodes_name() {
        let vm = |names: &mut Names, os_pid, node| {
            let def = event::DefVm {
                os_pid,
                node,
                otp_release: "25",
                erts: "13",
                schedulers: 2,
                word_bytes: 8,
                beamtap: "",
            };
            names.learn(&Event::DefVm(def));
            names.vms().len()
        };
        let mut names = Names::default();
        assert_eq!(vm(&mut names, 1, "nonode@nohost"), 1);
        assert_eq!(vm(&mut names, 1, "a@host"), 1, "it got a name");
        assert_eq!(vm(&mut names, 1, "nonode@nohost"), 1, "and lost it");
        assert_eq!(vm(&mut names, 1, "a@host"), 1);
        assert_eq!(vm(&mut names, 1, "b@other"), 2, "a container's only process");
        assert_eq!(vm(&mut names, 2, "a@host"), 3);
    }
}
