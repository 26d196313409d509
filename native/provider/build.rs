//! Compiles a provider's rendered tracepoints and links them so that they are both listed and recorded. Both providers
//! are built by this.

use std::path::Path;

fn main() {
    println!("cargo::rerun-if-changed=generated");
    println!("cargo::rerun-if-changed=../provider/build.rs");
    println!("cargo::rustc-check-cfg=cfg(lttng_ust)");
    // A host without lttng-ust still compiles everything; the library then offers no table and the NIF says why.
    if !header_found() {
        println!("cargo::warning=lttng/tracepoint.h not found (Debian: liblttng-ust-dev): building without tracepoints");
        return;
    }
    println!("cargo::rustc-cfg=lttng_ust");
    // Tracepoints announce themselves from sections and constructors nobody refers to: take the archive whole.
    let sources = std::fs::read_dir("generated").into_iter().flatten().flatten().map(|entry| entry.path());
    let mut build = cc::Build::new();
    // Every record asks several times where LTTng's read-side state of the thread is. Descriptors answer in three
    // instructions where the loader had room for it in every thread's block, and are as right as a call where it had not.
    // Elsewhere they are what compilers use anyway. glibc before 2.40 may change vector registers in such a call: the
    // rendered functions, which do nothing but lock, call and unlock, have nothing in any.
    if std::env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|arch| arch == "x86_64") {
        build.flag_if_supported("-mtls-dialect=gnu2");
    }
    build
        .files(sources.filter(|path| path.extension().is_some_and(|extension| extension == "c")))
        .include("generated")
        .warnings(true)
        .force_frame_pointer(false)
        .cargo_metadata(false)
        .compile("tracepoints");
    let out = std::env::var("OUT_DIR").unwrap_or_default();
    println!("cargo::rustc-link-search=native={out}");
    println!("cargo::rustc-link-lib=static:+whole-archive=tracepoints");
    println!("cargo::rustc-link-lib=dylib=lttng-ust");
    println!("cargo::rustc-link-lib=dylib=lttng-ust-common");
    // rustc links with lld, which drops the section that lists the tracepoints unless told not to: the events would
    // show in `lttng list --userspace` and record nothing.
    println!("cargo::rustc-cdylib-link-arg=-Wl,-z,nostart-stop-gc");
    // LTTng calls into a provider from its own thread: unloading one in use is unsafe.
    println!("cargo::rustc-cdylib-link-arg=-Wl,-z,nodelete");
}

fn header_found() -> bool {
    println!("cargo::rerun-if-env-changed=CFLAGS");
    let source = Path::new(&std::env::var("OUT_DIR").unwrap_or_default()).join("probe.c");
    if std::fs::write(&source, "#include <lttng/tracepoint.h>\n").is_err() {
        return false;
    }
    cc::Build::new().file(&source).cargo_metadata(false).cargo_warnings(false).try_expand().is_ok()
}
