defmodule Beamtap.LiveDashboard do
  @moduledoc """
  A page of Phoenix LiveDashboard (0.8) with taps and processes, and a button on each process that toggles its tracing.

  LiveDashboard is no dependency of beamtap: the page is made in your application, which has it.

      defmodule MyAppWeb.BeamtapPage do
        use Beamtap.LiveDashboard
      end

      # in the router
      live_dashboard "/dashboard", additional_pages: [beamtap: MyAppWeb.BeamtapPage]

  It works on the node that is chosen in the dashboard, which must have beamtap. Whoever can open the page can trace:
  keep it where the dashboard is, behind authentication. What is recorded has the bounds of `:beamtap_toggle`.
  """

  @doc false
  defmacro __using__(_opts) do
    quote do
      use Phoenix.LiveDashboard.PageBuilder

      @impl true
      def init(_opts), do: {:ok, %{}, module: :beamtap}

      @impl true
      def menu_link(_session, capabilities), do: Beamtap.LiveDashboard.menu_link(capabilities)

      @impl true
      def handle_event("toggle", %{"pid" => pid}, socket) do
        {:noreply, Beamtap.LiveDashboard.toggle(pid, socket)}
      end

      def handle_event("off", _params, socket) do
        {:noreply, Beamtap.LiveDashboard.off(socket)}
      end

      @impl true
      def render(var!(assigns)) do
        ~H"""
        <p :if={assigns[:beamtap_error]}><%= @beamtap_error %></p>
        <button phx-click="off">Everything off</button>
        <.live_table
          id="beamtap-taps"
          dom_id="beamtap-taps"
          page={@page}
          title="Taps"
          rows_name="taps"
          row_fetcher={&Beamtap.LiveDashboard.taps/2}
        >
          <:col field={:tap} sortable={:desc} />
          <:col field={:state} />
          <:col field={:events} text_align="right" />
          <:col field={:path} />
        </.live_table>
        <.live_table
          id="beamtap-processes"
          dom_id="beamtap-processes"
          page={@page}
          title="Processes"
          rows_name="processes"
          row_fetcher={&Beamtap.LiveDashboard.processes/2}
        >
          <:col :let={process} field={:process}>
            <button phx-click="toggle" phx-value-pid={process[:token]}><%= process[:state] %></button>
            <%= process[:process] %>
          </:col>
          <:col field={:name} />
          <:col field={:reductions} text_align="right" sortable={:desc} />
          <:col field={:memory} text_align="right" sortable={:desc} />
          <:col field={:message_queue_len} text_align="right" sortable={:desc} />
        </.live_table>
        """
      end
    end
  end

  @doc "The page's entry in the menu: greyed where the node has no beamtap."
  @spec menu_link(%{modules: [atom]}) :: {:ok, String.t()} | {:disabled, String.t()}
  def menu_link(%{modules: modules}) do
    if :beamtap in modules, do: {:ok, "beamtap"}, else: {:disabled, "beamtap"}
  end

  @doc "The rows of the table of taps, and how many there are."
  @spec taps(map, node) :: {[map], non_neg_integer}
  def taps(params, node) do
    rows =
      for %{tap: {:tap, number}, state: state, path: path} = info <- :erpc.call(node, :beamtap_toggle, :taps, []) do
        %{tap: number, state: state, events: events(info), path: path}
      end

    page(rows, Map.put(params, :sort_by, :tap))
  end

  defp events(%{traced: traced}), do: traced
  defp events(%{events: %{} = events}), do: events |> Map.values() |> Enum.sum()
  defp events(_), do: 0

  @doc "The rows of the table of processes, and how many there are. `sort_by` is a column with a number."
  @spec processes(map, node) :: {[map], non_neg_integer}
  def processes(%{sort_by: sort} = params, node) do
    sort = if sort in [:reductions, :memory, :message_queue_len], do: sort, else: :reductions

    rows =
      for process <- :erpc.call(node, :beamtap_toggle, :processes, [%{sort: sort, limit: params.limit}]) do
        process
        |> Map.take([:reductions, :memory, :message_queue_len])
        |> Map.merge(%{
          process: inspect(process.pid),
          name: name(process),
          state: if(process.is_on, do: "on", else: "off"),
          token: token(process.pid)
        })
      end

    page(rows, %{params | sort_by: sort})
  end

  defp name(%{name: nil, function: {m, f, a}}), do: Exception.format_mfa(m, f, a)
  defp name(%{name: :undefined, function: {m, f, a}}), do: Exception.format_mfa(m, f, a)
  defp name(%{name: name}), do: inspect(name)

  defp page(rows, %{search: search, sort_by: sort_by, sort_dir: direction, limit: limit}) do
    found = Enum.filter(rows, &(search in [nil, ""] or String.contains?(inspect(&1), search)))
    {found |> Enum.sort_by(& &1[sort_by], direction) |> Enum.take(limit), length(found)}
  end

  @doc "Toggles the process that a button names, on the node of the page."
  @spec toggle(String.t(), socket) :: socket when socket: map
  def toggle(token, socket) do
    with {:ok, binary} <- Base.url_decode64(token),
         {:ok, pid} <- pid(binary) do
      said(:erpc.call(socket.assigns.page.node, :beamtap_toggle, :toggle, [{:process, pid}]), socket)
    else
      _ -> socket
    end
  end

  @doc "Switches everything off on the node of the page."
  @spec off(socket) :: socket when socket: map
  def off(socket), do: said(:erpc.call(socket.assigns.page.node, :beamtap_toggle, :off, []), socket)

  # A pid of another node cannot be read back from its text.
  defp token(pid), do: pid |> :erlang.term_to_binary() |> Base.url_encode64()

  defp pid(binary) do
    case :erlang.binary_to_term(binary, [:safe]) do
      pid when is_pid(pid) -> {:ok, pid}
      _ -> :error
    end
  rescue
    ArgumentError -> :error
  end

  defp said({:ok, _}, socket), do: put_in(socket.assigns[:beamtap_error], nil)

  defp said({:error, %{message: message, remedy: remedy}}, socket),
    do: put_in(socket.assigns[:beamtap_error], message <> "; " <> remedy)
end
