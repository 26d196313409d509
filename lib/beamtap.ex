defmodule Beamtap do
  @moduledoc """
  Traces what a running VM does, through LTTng, at a cost a production system can pay.

      {:ok, tap} = Beamtap.start("Enum.map/2 -> return", for: 5_000)
      Enum.map(1..3, &(&1 * 2))
      {:ok, receipt} = Beamtap.stop(tap)
      Beamtap.report(tap)

  A tap always has a bound: it ends by itself after 10 s or 1,000,000 events unless told otherwise, when its owner
  ends, and on `clear/0`. Arguments, messages and results of the traced code stay in the VM
  unless the option `:payload` asks for them.

  What to trace is a function, a class of events, or a list of both, or a keyword list with `:functions`, `:classes`
  and `:targets`, in which the options of `start/2` may stand, too:

    * a function is `{module, function, arity}` with `:_` for anything, a capture such as `&Enum.map/2`, a module (all
      its functions), `{:app, name}`, or a text in Elixir's or Erlang's form: `"Enum.map/2"`, `"MyApp.Repo.*"`,
      `"MyApp.**"` for a module and all below it, `":lists.seq/2"`, `"lists:seq/2"`, with ` -> return` or ` -> exception`
      behind it, or both; ` -> return!`
      records the returns of a function that is called again before it returns, too;
    * a class is a flag of `:erlang.trace/3`: `:call`, `:return_to`, `:send`, `:receive`, `:procs`, `:running`,
      `:exiting`, `:garbage_collection`, `:ports`, `:running_ports`, or, of the whole VM, `:seq_trace`,
      `:system_monitor`, `:schedulers`, `:allocators`; `:return` and `:exception` apply to every function named;
    * targets are `:all` (unless said otherwise), `:new`, `:existing`, a pid, a port, a registered name, `{:app, name}`,
      `{:supervisor, name}`, `{:initial_call, {module, function, arity}}`, or a list of those.

  The same functions exist in Erlang in the module `:beamtap`; this module turns its answers into Elixir's.
  """

  @type tap :: :beamtap.tap()
  @type receipt :: :beamtap.receipt()
  @type info :: :beamtap.info()
  @type option ::
          {:for, pos_integer() | :infinity}
          | {:events, pos_integer() | :infinity}
          | {:rate, pos_integer() | :infinity}
          | {:output, Path.t()}
          | {:subbuf_size, pos_integer()}
          | {:num_subbuf, pos_integer()}
          | {:payload, :beamtap_payload.option()}
          | {:owner, pid()}
          | {:known_bad, :refuse | :allow}
          | {:system_monitor, :beamtap_sampling.thresholds()}
          | {:sample_every, 100..3_600_000}
          | {:mode, :beamtap_mode.mode() | [:beamtap_mode.mode()]}
          | {:buffers, :low | :default | :high}
          | {:on_full, :discard | :overwrite}
          | {:buffers_per, :uid | :pid}
          | {:switch_timer, pos_integer()}
          | {:files, map() | keyword()}
          | {:rotate, map() | keyword() | pos_integer()}
          | {:shm_path, Path.t()}
          | {:trace_format, :ctf1 | :ctf2}

  @doc """
  Starts tracing what `spec` names, for no longer than the bounds in `opts`. Returns when LTTng records.

  One keyword list is enough: `Beamtap.start(functions: "Enum.map/2", targets: self(), for: 5_000)`.

  Options: `:for` in milliseconds from the moment it records (10 s), `:events` (1,000,000), `:rate` in events per second (none), `:output` (a directory that does not exist or is
  empty), `:subbuf_size` in bytes and `:num_subbuf`, both powers of two, for each CPU's ring buffer, `:owner` (the
  caller; for a call from another node, the node itself), whose end ends the tap, `:payload` (`:none`): `:size` or `{:text, bytes}` for what events carry, or a map of
  these with the keys `:arguments`, `:return_values`, `:messages`, `:exit_reasons`, `:system_monitor` (thresholds of that
  class, such as `[long_gc: 10]`), `:sample_every` in milliseconds (1000), `:mode` (`:local`, `:snapshot`, `:live` and
  others, see `:beamtap_mode`). Several taps run side by side, each with processes of its own.

      iex> {:error, error} = Beamtap.start("Enum.mop/2")
      iex> {error.reason, error.message}
      {:no_match, "Enum.mop/2 matches no function; did you mean Enum.map?"}

      iex> {:error, error} = Beamtap.start("Enum.map/many")
      iex> {error.reason, error.position}
      {:bad_pattern, 10}
  """
  @spec start(:beamtap_spec.spec(), [option]) :: {:ok, tap} | {:error, Beamtap.Error.t()}
  def start(spec, opts \\ []), do: worded(:beamtap.start(spec, opts))

  @doc "As `start/2`, but returns the tap alone and raises `Beamtap.Error`."
  @spec start!(:beamtap_spec.spec(), [option]) :: tap
  def start!(spec, opts \\ []), do: spec |> start(opts) |> bang()

  @doc """
  Starts tracing calls that look like this one; `opts` are those of `start/2`. What is wrong with it is told when it is
  compiled.

      require Beamtap
      Beamtap.trace(Enum.map(_, f) when is_function(f))
      Beamtap.trace((Repo.get(User, id) when id > 1_000 -> return), for: 5_000)
  """
  defmacro trace(call, opts \\ []), do: Beamtap.Trace.expand(call, opts, __CALLER__)

  @doc """
  Ends a tap in order and says what it recorded and lost. A tap that has ended answers with its receipt again.

      iex> {:error, error} = Beamtap.stop({:tap, 123_456_789})
      iex> error.reason
      :unknown_tap
  """
  @spec stop(tap) :: {:ok, receipt} | {:error, Beamtap.Error.t()}
  def stop(tap), do: worded(:beamtap.stop(tap))

  @doc "As `stop/1`, but returns the receipt alone and raises `Beamtap.Error`."
  @spec stop!(tap) :: receipt
  def stop!(tap), do: tap |> stop() |> bang()

  @doc """
  Traces more with a tap that runs: functions, classes, targets, in the form of `start/2`'s spec. Targets that are left
  out stay as they are. Answers with the tap's info.

      iex> {:error, error} = Beamtap.add({:tap, 123_456_789}, "Enum.map/2")
      iex> error.reason
      :unknown_tap
  """
  @spec add(tap, :beamtap_spec.spec()) :: {:ok, info} | {:error, Beamtap.Error.t()}
  def add(tap, spec), do: worded(:beamtap.add(tap, spec))

  @doc "Traces less with a tap that runs; a function is also taken out of a wider pattern, a process out of a wider target."
  @spec drop(tap, :beamtap_spec.spec()) :: {:ok, info} | {:error, Beamtap.Error.t()}
  def drop(tap, spec), do: worded(:beamtap.drop(tap, spec))

  @doc "Takes a tap's trace flags off until `resume/1`; its bound in time runs on."
  @spec pause(tap) :: {:ok, info} | {:error, Beamtap.Error.t()}
  def pause(tap), do: worded(:beamtap.pause(tap))

  @doc "Sets the trace flags of a paused tap again, on what its targets stand for now."
  @spec resume(tap) :: {:ok, info} | {:error, Beamtap.Error.t()}
  def resume(tap), do: worded(:beamtap.resume(tap))

  @doc """
  Foretells what `start/2` with the same spec and options would record and cost: events are counted for a second, or for
  `:for` milliseconds, and not recorded.
  """
  @spec estimate(:beamtap_spec.spec(), [option]) :: {:ok, :beamtap_estimate.estimate()} | {:error, Beamtap.Error.t()}
  def estimate(spec, opts \\ []), do: worded(:beamtap.estimate(spec, opts))

  @doc """
  Shows what a tap that runs records, as lines in the shell, until return is pressed or the tap ends. The tap runs on
  after return.

      13:52:07.104225 #PID<0.110.0> Enum.map([1, 2], #Function<...>)
      13:52:07.104231 #PID<0.110.0> Enum.map/2 -> [2, 4]
      … 1,234 more

  Options: `:lines`, the events shown per second (100), `:colour` (`:auto`, `true` or `false`) and `:syntax`
  (`:elixir`, or `:erlang`). Arguments, results and messages are there as far as the tap's `:payload` has them; structs
  are shown as structs. `:beamtap.watch/2` tells the rest.

      iex> {:error, error} = Beamtap.watch({:tap, 123_456_789})
      iex> error.reason
      :unknown_tap
  """
  @spec watch(tap, lines: pos_integer(), colour: :auto | boolean, syntax: :elixir | :erlang) ::
          :ok | {:error, Beamtap.Error.t()}
  def watch(tap, opts \\ []), do: worded(:beamtap.watch(tap, opts))

  @doc """
  All taps: those that run and those that ended lately, oldest first. After them the LTTng sessions that beamtap did not
  make, from `lttng create` on the command line for example, and that have events of this VM's enabled, recording or not:
  `%{state: :outside, session: name, active: true, mode: :local, path: "/…", events: ["beamtap:*"]}`.
  """
  @spec info() :: [info | :beamtap.outside()]
  defdelegate info(), to: :beamtap

  @doc "One tap: what it does, or its receipt."
  @spec info(tap) :: {:ok, info} | {:error, Beamtap.Error.t()}
  def info(tap), do: worded(:beamtap.info(tap))

  @doc """
  Ends everything that beamtap set in this VM, and nothing else. Answers with the receipts of the taps it ended.

      iex> Beamtap.clear()
      {:ok, []}
  """
  @spec clear() :: {:ok, [receipt]}
  defdelegate clear(), to: :beamtap

  @doc """
  Prints where the time went in an ended tap, given as tap or receipt, or in the trace in a directory.

      Beamtap.report(tap, functions: true, sort: :max, top: 5)

  Options: `:top`, rows of each table (20; in JSON all), `:sort`, the column to sort by, `:begin` and `:end`, the part of
  the trace, in milliseconds since its begin or as a text (`"1.5s"`, `"2026-11-23T12:41:49.7Z"`), `functions: true` or
  `processes: true` for that table alone, `json: true` for JSON.

      iex> {:error, error} = Beamtap.report("/tmp", top: 0)
      iex> {error.reason, error.message}
      {:bad_option, "top: 0 cannot be"}
  """
  @spec report(tap | receipt | Path.t(), :beamtap_report.opts()) :: :ok | {:error, Beamtap.Error.t()}
  def report(tap_or_path, opts \\ []), do: worded(:beamtap.report(tap_or_path, opts))

  @doc """
  Prints the events themselves, one a line with names, as `watch/2` does while they happen: the last 100, unless the
  options say otherwise.

      Beamtap.events(tap, pid: pid, around: "13:52:07.104", within: 50)
      Beamtap.events(tap, event: ["call", "return_from"], last: 1_000)

  Options: `:pid`, a process or several, `:event`, a name or several, `:around` with `:within`, `:begin` and `:end`, in
  milliseconds since the trace's begin or as texts, `:last`, a number, a duration (`"2s"`) or `:infinity`, `:syntax` and
  `:colour`. `:beamtap.events/2` tells the rest.

      iex> {:error, error} = Beamtap.events("/tmp", pid: 7)
      iex> {error.reason, error.message}
      {:bad_option, "pid: 7 cannot be"}
  """
  @spec events(tap | receipt | Path.t(), :beamtap_events.opts()) :: :ok | {:error, Beamtap.Error.t()}
  def events(tap_or_path, opts \\ []), do: worded(:beamtap.events(tap_or_path, opts))

  @doc """
  Writes what a flight recorder (`mode: :snapshot`) holds, and answers with the directory, a complete trace.

      iex> {:error, error} = Beamtap.snapshot({:tap, 123_456_789}, "slow")
      iex> error.reason
      :unknown_tap
  """
  @spec snapshot(tap, String.t()) :: {:ok, String.t()} | {:error, Beamtap.Error.t()}
  def snapshot(tap, label), do: worded(:beamtap.snapshot(tap, label))

  @doc """
  Lets LTTng record an event from now on; with a filter in LTTng's language over the event's fields, where it holds.
  """
  @spec enable_event(tap, String.t(), String.t()) :: :ok | {:error, Beamtap.Error.t()}
  def enable_event(tap, event, filter \\ ""), do: worded(:beamtap.enable_event(tap, event, filter))

  @doc "Lets LTTng record an event no more."
  @spec disable_event(tap, String.t()) :: :ok | {:error, Beamtap.Error.t()}
  def disable_event(tap, event), do: worded(:beamtap.disable_event(tap, event))

  @doc """
  The traces of beamtap's below `~/lttng-traces` or `$BEAMTAP_TRACES`, the newest first: path, node, bytes, state, and when
  each began and changed last. With `config :beamtap, keep: [number: 20]` (`:bytes`, `:age` in milliseconds) each tap that
  ends removes those beyond it; nothing of a running tap, or of others, is ever removed.
  """
  @spec traces() :: {:ok, [:beamtap_traces.trace()]} | {:error, Beamtap.Error.t()}
  def traces, do: worded(:beamtap.traces())

  @doc "Looks at everything a tap needs, prints what it finds, and answers with the gravest verdict."
  @spec doctor() :: :ok | :warning | :error
  defdelegate doctor(), to: :beamtap

  @doc """
  Puts a text on the timeline of whatever records. `text` is a string, chardata, an atom, or any other term.

      iex> Beamtap.mark("orders loaded")
      :ok
  """
  @spec mark(term) :: :ok
  defdelegate mark(text), to: :beamtap

  @doc """
  Runs `fun` and puts its beginning and its end on the timeline; answers with its result, or raises what it raises.

      iex> Beamtap.span("sum", fn -> Enum.sum(1..4) end)
      10
  """
  @spec span(term, (() -> result)) :: result when result: term
  defdelegate span(name, fun), to: :beamtap

  @doc "beamtap's tracer for `:dbg.tracer(:module, Beamtap.tracer())`."
  @spec tracer() :: {:beamtap_nif, 0} | {:error, Beamtap.Error.t()}
  def tracer(), do: worded(:beamtap.tracer())

  @doc "Makes this VM and its events known to LTTng without a tap, for sessions made with `lttng`."
  @spec load_provider() :: :ok | {:error, Beamtap.Error.t()}
  def load_provider(), do: worded(:beamtap.load_provider())

  # Errors have their facts: they are worded anew.
  defp worded(answer), do: Beamtap.Error.worded(answer)

  defp bang({:ok, value}), do: value
  defp bang({:error, error}), do: raise(error)
end
