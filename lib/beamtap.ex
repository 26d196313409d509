defmodule Beamtap do
  @moduledoc """
  Traces what a running VM does, through LTTng, at a cost a production system can pay.

      {:ok, tap} = Beamtap.start("Enum.map/2 -> return", for: 5_000)
      Enum.map(1..3, &(&1 * 2))
      {:ok, receipt} = Beamtap.stop(tap)
      Beamtap.report(tap)

  A tap is always limited. It stops after 10 s or 1,000,000 events unless told otherwise, when its owner exits, and on
  `clear/0`. Arguments, messages and results of the traced code stay in the VM unless the option `:payload` asks for
  them.

  What to trace is a function, a class of events, a list of both, or a keyword list with `:functions`, `:classes` and
  `:targets`. The keyword list may hold the options of `start/2`, too.

    * A function is `{module, function, arity}` with `:_` for anything, a capture such as `&Enum.map/2`, a module (all
      its functions), `{:app, name}`, or a text in Elixir's or Erlang's form: `"Enum.map/2"`, `"MyApp.Repo.*"`,
      `"MyApp.**"` for a module and all below it, `":lists.seq/2"`, `"lists:seq/2"`. Behind it may stand ` -> return`,
      ` -> exception` or both. ` -> return!` also records the returns of a function that makes a tail call to itself.
    * A class is a flag of `:erlang.trace/3`: `:call`, `:return_to`, `:send`, `:receive`, `:procs`, `:running`,
      `:exiting`, `:garbage_collection`, `:ports`, `:running_ports`; or one of the whole VM: `:seq_trace`,
      `:system_monitor`, `:schedulers`, `:allocators`. `:return` and `:exception` apply to every function named.
    * Targets are `:all` (the default), `:new`, `:existing`, a pid, a port, a registered name, `{:app, name}`,
      `{:supervisor, name}`, `{:initial_call, {module, function, arity}}`, or a list of those.

  Functions answer `{:error, %Beamtap.Error{}}` when something is wrong. The Erlang module `:beamtap` has the same
  functions.
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
          | {:system_monitor, :beamtap_options.thresholds()}
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
  Starts tracing `spec`, for no longer than the limits in `opts`. Returns when LTTng records.

  One keyword list is enough: `Beamtap.start(functions: "Enum.map/2", targets: self(), for: 5_000)`.

  Options:

    * `:for`, milliseconds from the moment it records (10 s); `:events` (1,000,000); `:rate`, events per second (no
      limit). To disable one of these limits, pass `:infinity`.
    * `:payload` (`:none`): `:size` or `{:text, bytes}`, or a map of these with the keys `:arguments`,
      `:return_values`, `:messages`, `:exit_reasons`.
    * `:output`, a directory that is new or empty.
    * `:owner`, the process whose exit ends the tap (the caller; for a call from another node, the node itself).
    * `:known_bad` (`:refuse`): `:allow` also starts what is known to crash this OTP release.
    * `:mode` (`:local`, `:snapshot`, `:live` and others), `:subbuf_size` in bytes and `:num_subbuf` for the ring
      buffers, and others: see `:beamtap_mode`.
    * `:system_monitor`, thresholds such as `[long_gc: 10]`; `:sample_every`, milliseconds (1000).

  Several taps run at the same time, each with processes of its own.

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
  Starts tracing calls that look like this one. `opts` are those of `start/2`. A wrong call is a compile error.

      require Beamtap
      Beamtap.trace(Enum.map(_, f) when is_function(f))
      Beamtap.trace((Repo.get(User, id) when id > 1_000 -> return), for: 5_000)
  """
  defmacro trace(call, opts \\ []), do: Beamtap.Trace.expand(call, opts, __CALLER__)

  @doc """
  Stops a tap and says what it recorded and lost. A tap that has ended answers with its receipt again.

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
  Adds functions, classes or targets to a tap that runs, in the form of `start/2`'s spec. Targets that are left out stay
  as they are. Answers with the tap's info.

      iex> {:error, error} = Beamtap.add({:tap, 123_456_789}, "Enum.map/2")
      iex> error.reason
      :unknown_tap
  """
  @spec add(tap, :beamtap_spec.spec()) :: {:ok, info} | {:error, Beamtap.Error.t()}
  def add(tap, spec), do: worded(:beamtap.add(tap, spec))

  @doc """
  Takes functions, classes or targets away from a tap that runs. A function is also taken out of a wider pattern, and a
  process out of a wider target.
  """
  @spec drop(tap, :beamtap_spec.spec()) :: {:ok, info} | {:error, Beamtap.Error.t()}
  def drop(tap, spec), do: worded(:beamtap.drop(tap, spec))

  @doc "Removes a tap's trace flags until `resume/1`. Its limit in time runs on."
  @spec pause(tap) :: {:ok, info} | {:error, Beamtap.Error.t()}
  def pause(tap), do: worded(:beamtap.pause(tap))

  @doc "Sets the trace flags of a paused tap again, on what its targets are now."
  @spec resume(tap) :: {:ok, info} | {:error, Beamtap.Error.t()}
  def resume(tap), do: worded(:beamtap.resume(tap))

  @doc """
  Estimates what `start/2` with the same spec and options would record and cost. Counts events for a second, or for
  `:for` milliseconds, without recording them.
  """
  @spec estimate(:beamtap_spec.spec(), [option]) :: {:ok, :beamtap_estimate.estimate()} | {:error, Beamtap.Error.t()}
  def estimate(spec, opts \\ []), do: worded(:beamtap.estimate(spec, opts))

  @doc """
  Shows the events of a tap that runs as lines in the shell, until you press return or the tap ends. The tap runs on
  after return.

      13:52:07.104225 #PID<0.110.0> Enum.map([1, 2], #Function<...>)
      13:52:07.104231 #PID<0.110.0> Enum.map/2 -> [2, 4]
      … 1,234 more

  Options: `:lines`, the events shown per second (100), `:colour` (`:auto`, `true` or `false`) and `:syntax`
  (`:elixir`, or `:erlang`). Arguments, results and messages are shown as far as the tap's `:payload` has them, structs
  as structs. While you watch, events cost about twice: see `:beamtap.watch/2`.

      iex> {:error, error} = Beamtap.watch({:tap, 123_456_789})
      iex> error.reason
      :unknown_tap
  """
  @spec watch(tap, lines: pos_integer(), colour: :auto | boolean, syntax: :elixir | :erlang) ::
          :ok | {:error, Beamtap.Error.t()}
  def watch(tap, opts \\ []), do: worded(:beamtap.watch(tap, in_elixir(opts)))

  @doc """
  Lists the taps that run and those that ended lately, oldest first. After them come LTTng sessions that beamtap did not
  make, from `lttng create` for example, and that have events of this VM enabled, recording or not:
  `%{state: :outside, session: name, active: true, mode: :local, path: "/…", events: ["beamtap:*"]}`.
  """
  @spec info() :: [info | :beamtap.outside()]
  def info(), do: Enum.map(:beamtap.info(), &info_in_elixir/1)

  @doc "What a tap does, or its receipt."
  @spec info(tap) :: {:ok, info} | {:error, Beamtap.Error.t()}
  def info(tap), do: worded(:beamtap.info(tap))

  @doc """
  Ends everything that beamtap set in this VM, and nothing else. Answers with the receipts of the taps it ended.

      iex> Beamtap.clear()
      {:ok, []}
  """
  @spec clear() :: {:ok, [receipt]}
  def clear() do
    {:ok, receipts} = :beamtap.clear()
    {:ok, Enum.map(receipts, &info_in_elixir/1)}
  end

  @doc """
  Prints where the time went in an ended tap, given as tap or receipt, or in the trace in a directory.

      Beamtap.report(tap, functions: true, sort: :max, top: 5)

  Options: `:top`, rows of each table (20; in JSON all), `:sort`, the column to sort by, `:begin` and `:end`, in
  milliseconds since the trace's begin or as a text (`"1.5s"`, `"2026-11-23T12:41:49.7Z"`), `functions: true` or
  `processes: true` for that table alone, `json: true` for JSON.

      iex> {:error, error} = Beamtap.report("/tmp", top: 0)
      iex> {error.reason, error.message}
      {:bad_option, "invalid value 0 for \\"top\\": expected a number of rows from 1 on"}
  """
  @spec report(tap | receipt | Path.t(), :beamtap_report.opts()) :: :ok | {:error, Beamtap.Error.t()}
  def report(tap_or_path, opts \\ []), do: worded(:beamtap.report(tap_or_path, opts))

  @doc """
  Prints the events, one a line, as `watch/2` does while they happen: the last 100, unless the options say otherwise.

      Beamtap.events(tap, pid: pid, around: "13:52:07.104", within: 50)
      Beamtap.events(tap, event: ["call", "return_from"], last: 1_000)

  Options: `:pid`, a process or several, `:event`, a name or several, `:around` with `:within`, `:begin` and `:end`, in
  milliseconds since the trace's begin or as texts, `:last`, a number, a duration (`"2s"`) or `:infinity`, `:syntax` and
  `:colour`.

      iex> {:error, error} = Beamtap.events("/tmp", pid: 7)
      iex> {error.reason, error.message}
      {:bad_option, "invalid value 7 for \\"pid\\": expected a process of this node, or several"}
  """
  @spec events(tap | receipt | Path.t(), :beamtap_report.event_opts()) :: :ok | {:error, Beamtap.Error.t()}
  def events(tap_or_path, opts \\ []), do: worded(:beamtap.events(tap_or_path, in_elixir(opts)))

  @doc """
  Writes what a flight recorder (`mode: :snapshot`) holds. Answers with the directory, a complete trace.

      iex> {:error, error} = Beamtap.snapshot({:tap, 123_456_789}, "slow")
      iex> error.reason
      :unknown_tap
  """
  @spec snapshot(tap, String.t()) :: {:ok, String.t()} | {:error, Beamtap.Error.t()}
  def snapshot(tap, label), do: worded(:beamtap.snapshot(tap, label))

  @doc "Has LTTng record an event. A filter in LTTng's language over the event's fields says which."
  @spec enable_event(tap, String.t(), String.t()) :: :ok | {:error, Beamtap.Error.t()}
  def enable_event(tap, event, filter \\ ""), do: worded(:beamtap.enable_event(tap, event, filter))

  @doc "Has LTTng no longer record an event."
  @spec disable_event(tap, String.t()) :: :ok | {:error, Beamtap.Error.t()}
  def disable_event(tap, event), do: worded(:beamtap.disable_event(tap, event))

  @doc """
  Lists beamtap's traces below `~/lttng-traces` or `$BEAMTAP_TRACES`, the newest first: path, node, bytes, state, and
  when each began and changed last. With `config :beamtap, keep: [number: 20]` (`:bytes`, `:age` in milliseconds) each
  tap that ends removes traces beyond it. A trace whose tap runs, or that is not beamtap's, is never removed.
  """
  @spec traces() :: {:ok, [:beamtap_traces.trace()]} | {:error, Beamtap.Error.t()}
  def traces, do: worded(:beamtap.traces())

  @doc "Checks everything a tap needs and prints what it finds. Answers with the gravest verdict."
  @spec doctor() :: :ok | :warning | :error
  def doctor, do: :beamtap_doctor.run(Beamtap.Error.language())

  @doc """
  Puts a text on the timeline of whatever records. `text` is a string, chardata, an atom, or any other term.

      iex> Beamtap.mark("orders loaded")
      :ok
  """
  @spec mark(term) :: :ok
  defdelegate mark(text), to: :beamtap

  @doc """
  Runs `fun` and puts its begin and its end on the timeline. Answers with its result, or raises what it raises.

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

  # Erlang's words are replaced by Elixir's, from the same facts.
  defp worded(answer), do: Beamtap.Error.worded(answer)

  defp info_in_elixir(info), do: :beamtap_wording.info(info, Beamtap.Error.language())

  # Names and terms as Elixir writes them, unless the caller says otherwise.
  defp in_elixir(%{} = opts), do: Map.put_new(opts, :syntax, :elixir)
  defp in_elixir(opts), do: if(Keyword.keyword?(opts), do: Keyword.put_new(opts, :syntax, :elixir), else: opts)

  defp bang({:ok, value}), do: value
  defp bang({:error, error}), do: raise(error)
end
