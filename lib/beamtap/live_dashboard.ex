defmodule Beamtap.LiveDashboard do
  @moduledoc """
  A page of Phoenix LiveDashboard (0.8) that traces processes, functions and classes.

  beamtap does not depend on LiveDashboard. Define the page in your application, which does.

      defmodule MyAppWeb.BeamtapPage do
        use Beamtap.LiveDashboard
      end

      # in the router
      live_dashboard "/dashboard", additional_pages: [beamtap: MyAppWeb.BeamtapPage]

  A button on each process toggles its tracing. The search finds processes of the node by pid, name or first function.
  Functions are typed in (`Enum.map/2 -> return`), classes have buttons. An ended tap shows its report.

  The page works on the node chosen in the dashboard, which must have beamtap. Whoever can open the page can trace: keep
  the dashboard behind authentication. The limits are those of `:beamtap_toggle`.
  """

  # The newest taps are on the page.
  @taps 10
  # A report takes a second for some million events.
  @report_ms 120_000

  # LiveView renders only what `assign` marks as changed.
  @doc false
  defmacro __using__(_opts) do
    quote do
      use Phoenix.LiveDashboard.PageBuilder

      @impl true
      def init(_opts), do: {:ok, %{}, module: :beamtap}

      @impl true
      def menu_link(_session, capabilities), do: Beamtap.LiveDashboard.menu_link(capabilities)

      @impl true
      def mount(_params, _session, socket), do: {:ok, assign(socket, Beamtap.LiveDashboard.opened(socket.assigns.page))}

      @impl true
      def handle_refresh(socket), do: {:noreply, assign(socket, Beamtap.LiveDashboard.seen(socket.assigns.page))}

      @impl true
      def handle_event(event, params, socket) do
        {:noreply, assign(socket, Beamtap.LiveDashboard.event(event, params, socket.assigns.page))}
      end

      @impl true
      def handle_info(message, socket) do
        {:noreply, assign(socket, Beamtap.LiveDashboard.told(message, socket.assigns))}
      end

      @impl true
      def render(var!(assigns)) do
        ~H"""
        <%= if @beamtap_error do %>
          <div class="alert alert-danger" role="alert"><%= @beamtap_error %></div>
        <% end %>
        <h5 class="card-title">Traced</h5>
        <form id="beamtap-function" phx-submit="function" class="form-inline mb-2">
          <input type="text" name="function" class="form-control form-control-sm mr-2" size="50" autocomplete="off" placeholder="Enum.map/2 -> return" />
          <button type="submit" class="btn btn-primary btn-sm" phx-disable-with="…">Trace function</button>
        </form>
        <div class="mb-2">
          <%= for class <- @beamtap_classes do %>
            <button type="button" class={class.button} phx-click="toggle" phx-value-item={class.token} phx-disable-with="…"><%= class.text %></button>
          <% end %>
        </div>
        <div class="mb-4">
          <%= for item <- @beamtap_items do %>
            <button type="button" class={item.button} phx-click="toggle" phx-value-item={item.token} phx-disable-with="…"><%= item.text %> ×</button>
          <% end %>
          <button type="button" class="btn btn-danger btn-sm" phx-click="off" phx-disable-with="…">Everything off</button>
        </div>
        <h5 class="card-title">Taps</h5>
        <div class="card tabular-card mb-4 mt-4">
          <div class="card-body p-0">
            <div class="dash-table-wrapper">
              <table class="table table-hover mt-0 dash-table">
                <thead>
                  <tr><th>Tap</th><th>State</th><th class="text-right">Events</th><th>Trace</th><th></th></tr>
                </thead>
                <tbody>
                  <%= for tap <- @beamtap_taps do %>
                    <tr>
                      <td><%= tap.tap %></td>
                      <td><%= tap.state %></td>
                      <td class="text-right"><%= tap.events %></td>
                      <td><%= tap.path %></td>
                      <td>
                        <%= if tap.ended do %>
                          <button type="button" class="btn btn-primary btn-sm" phx-click="report" phx-value-tap={tap.tap} phx-disable-with="…">Report</button>
                        <% end %>
                      </td>
                    </tr>
                  <% end %>
                </tbody>
              </table>
            </div>
          </div>
        </div>
        <%= if @beamtap_report do %>
          <h5 class="card-title">Report of tap <%= @beamtap_report.tap %></h5>
          <pre class="code-field"><%= @beamtap_report.text %></pre>
          <button type="button" class="btn btn-primary btn-sm mb-4" phx-click="close">Close</button>
        <% end %>
        <.live_table
          id="beamtap-processes"
          dom_id="beamtap-processes"
          page={@page}
          title="Processes"
          rows_name="processes"
          row_fetcher={&Beamtap.LiveDashboard.processes/2}
        >
          <:col :let={process} field={:process}>
            <button type="button" class={process[:button]} phx-click="toggle" phx-value-item={process[:token]} phx-disable-with="…"><%= process[:state] %></button>
            <%= process[:process] %>
          </:col>
          <:col field={:name} header="Name or first function" />
          <:col field={:reductions} text_align="right" sortable={:desc} />
          <:col field={:memory} text_align="right" sortable={:desc} />
          <:col field={:message_queue_len} text_align="right" sortable={:desc} />
        </.live_table>
        """
      end
    end
  end

  @typedoc "The page of LiveDashboard: its node, and a number whose change makes the tables fetch their rows again."
  @type page :: %{required(:node) => node, required(:tick) => non_neg_integer, optional(atom) => term}

  @doc "The page's menu entry, disabled where the node does not have beamtap."
  @spec menu_link(%{modules: [atom]}) :: {:ok, String.t()} | {:disabled, String.t()}
  def menu_link(%{modules: modules}) do
    if :beamtap in modules, do: {:ok, "beamtap"}, else: {:disabled, "beamtap"}
  end

  @doc "What the page shows when it is opened."
  @spec opened(page) :: keyword
  def opened(page), do: [beamtap_error: nil, beamtap_report: nil] ++ seen(page)

  @doc "What is on, and the taps, as they are now."
  @spec seen(page) :: keyword
  def seen(%{node: node}) do
    items = :erpc.call(node, :beamtap_toggle, :items, [])

    [
      beamtap_taps: taps(node),
      beamtap_items: for({kind, _} = item <- items, kind != :class, do: button(item, text(item), true)),
      beamtap_classes:
        for class <- :erpc.call(node, :beamtap_spec, :classes, []), class != :call do
          button({:class, class}, Atom.to_string(class), {:class, class} in items)
        end
    ]
  end

  @doc "What a click or a typed function changes on the page and in the tables."
  @spec event(String.t(), map, page) :: keyword
  def event("toggle", %{"item" => token}, page) do
    case item(token) do
      {:ok, item} -> done(page, :toggle, [item])
      :error -> []
    end
  end

  def event("function", %{"function" => text}, page) do
    case String.trim(text) do
      "" -> []
      function -> done(page, :toggle, [{:function, function}])
    end
  end

  def event("off", _params, page), do: done(page, :off, [])

  def event("report", %{"tap" => number}, page) do
    case Integer.parse(number) do
      {tap, ""} ->
        reporter(self(), page.node, tap)
        [beamtap_error: nil, beamtap_report: %{tap: tap, text: "…"}]

      _ ->
        []
    end
  end

  def event("close", _params, _page), do: [beamtap_report: nil]
  def event(_event, _params, _page), do: []

  @doc "What a report that is ready changes on the page."
  @spec told(term, map) :: keyword
  def told({:beamtap_report, tap, {:ok, text}}, %{beamtap_report: %{tap: tap}}) do
    [beamtap_report: %{tap: tap, text: text}]
  end

  def told({:beamtap_report, tap, {:error, said}}, %{beamtap_report: %{tap: tap}}) do
    [beamtap_report: nil, beamtap_error: said]
  end

  # The report was closed meanwhile, or the message is about something else.
  def told(_message, _assigns), do: []

  @doc "The rows of the process table, and the total. `sort_by` is a numeric column."
  @spec processes(map, node) :: {[map], non_neg_integer}
  def processes(%{sort_by: sort, sort_dir: direction, search: search, limit: limit}, node) do
    sort = if sort in [:reductions, :memory, :message_queue_len], do: sort, else: :reductions
    listing = %{sort: sort, direction: direction, search: search || "", limit: limit}
    {processes, total} = :erpc.call(node, :beamtap_toggle, :listed, [listing])

    rows =
      for process <- processes do
        process
        |> Map.take([:reductions, :memory, :message_queue_len])
        |> Map.merge(button({:process, process.pid}, inspect(process.pid), process.is_on))
        |> Map.merge(%{
          process: inspect(process.pid),
          name: name(process),
          state: if(process.is_on, do: "on", else: "off")
        })
      end

    {rows, total}
  end

  defp name(%{name: :undefined, function: {m, f, a}}), do: Exception.format_mfa(m, f, a)
  defp name(%{name: name}), do: inspect(name)

  defp taps(node) do
    for %{tap: {:tap, number}, state: state, path: path} = info <-
          node |> :erpc.call(:beamtap_toggle, :taps, []) |> Enum.take(-@taps) |> Enum.reverse() do
      %{tap: number, state: state(info), ended: state == :ended, events: events(info), path: path}
    end
  end

  defp state(%{state: :ended, ended_by: by}), do: "ended (#{by})"
  defp state(%{state: state}), do: Atom.to_string(state)

  defp events(%{traced: traced}), do: traced
  defp events(%{events: %{} = events}), do: events |> Map.values() |> Enum.sum()
  defp events(_), do: 0

  # Without a process among the items all processes are on, so a button's state is not whether it is an item.
  defp button(item, text, on?) do
    %{
      text: text,
      token: token(item),
      button: if(on?, do: "btn btn-primary btn-sm", else: "btn btn-outline-primary btn-sm")
    }
  end

  defp text({:process, process}), do: inspect(process)
  defp text({:function, function}) when is_binary(function), do: function
  defp text({:function, [c | _] = function}) when is_integer(c), do: List.to_string(function)
  defp text({:function, function}), do: inspect(function)

  # The text of another node's pid cannot be turned into the pid again.
  defp token(item), do: item |> :erlang.term_to_binary() |> Base.url_encode64()

  defp item(token) do
    with {:ok, binary} <- Base.url_decode64(token),
         {kind, _} = item when kind in [:process, :function, :class] <- :erlang.binary_to_term(binary, [:safe]) do
      {:ok, item}
    else
      _ -> :error
    end
  rescue
    ArgumentError -> :error
  end

  defp done(page, function, arguments) do
    said =
      case :erpc.call(page.node, :beamtap_toggle, function, arguments) do
        {:ok, _} -> nil
        {:error, _} = error -> said(error)
      end

    # A changed page makes the tables fetch their rows again, as each refresh does.
    [beamtap_error: said, page: %{page | tick: page.tick + 1}] ++ seen(page)
  end

  # In a process of its own, so that the page goes on. The node prints to its caller's group leader.
  defp reporter(page, node, tap) do
    spawn_link(fn ->
      {:ok, text} = StringIO.open("")
      Process.group_leader(self(), text)

      answer =
        try do
          :erpc.call(node, :beamtap, :report, [{:tap, tap}], @report_ms)
        catch
          :error, {:erpc, reason} ->
            {:error, %{reason: :no_report, message: "no report: #{inspect(reason)}", remedy: "run beamtapd report"}}
        end

      send(page, {:beamtap_report, tap, reported(answer, text)})
    end)
  end

  defp reported(:ok, text), do: {:ok, text |> StringIO.contents() |> elem(1)}
  defp reported({:error, _} = error, _text), do: {:error, said(error)}

  # The node words errors for Erlang.
  defp said(error) do
    {:error, worded} = Beamtap.Error.worded(error)
    Exception.message(worded)
  end
end
