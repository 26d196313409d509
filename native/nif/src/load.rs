//! The library's load into a VM: what is learnt of that VM, once.

use crate::answer;
use crate::atoms;
use crate::board;
use crate::gate::tap;
use crate::lttng;
use crate::sys::{CallEnv, word_of};
use crate::taps;
use crate::term;
use rustler::sys::{enif_make_atom_len, enif_make_list_cell};
use rustler::{Encoder, Env, Term};

/// Called by the VM when the module loads. Anything but success makes the module fail to load.
pub(crate) fn load(env: Env, _info: Term) -> bool {
    let make = |name: &str| {
        // SAFETY: the environment is that of the load in progress; the name is given with its length.
        word_of(unsafe { enif_make_atom_len(env.as_c_arg(), name.as_ptr().cast(), name.len()) })
    };
    term::prepare_atoms(make);
    board::prepare_tags(make);
    answer::prepare(make);
    tap::open_unbound();
    // SAFETY: the environment is that of the load in progress, which this frame does not outlive.
    let call = unsafe { CallEnv::new(env.as_c_arg()) };
    let tuple = (atoms::ok(), atoms::error(), 5u32).encode(env);
    call.calibrate_tuples(word_of(tuple.as_c_arg()));
    // SAFETY: the environment and both terms are those of the load in progress.
    let list = unsafe { enif_make_list_cell(env.as_c_arg(), atoms::ok().as_c_arg(), tuple.as_c_arg()) };
    call.calibrate_lists(word_of(list));
    learn_bits(env, call);
    taps::register(env) && lttng::register(env)
}

/// Shows the reader a string of bits as the VM packs large ones. The VM makes them only from its external format.
fn learn_bits(env: Env, call: CallEnv<'_>) {
    const BYTES: u32 = 1000;
    const VERSION: u8 = 131;
    const BIT_BINARY: u8 = 77;
    let mut external = vec![VERSION, BIT_BINARY];
    external.extend((BYTES + 1).to_be_bytes());
    external.push(3);
    external.resize(external.len() + BYTES as usize + 1, 0);
    if let Some((bits, _)) = env.binary_to_term(&external) {
        call.calibrate_bits(word_of(bits.as_c_arg()), u64::from(BYTES));
    }
}
