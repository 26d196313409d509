# What the page uses of Phoenix and LiveDashboard, as far as it makes a difference: an assign is changed by `assign` alone;
# what is rendered again is what speaks of a changed assign, and nothing else; a table fetches its rows only then.

defmodule Phoenix.Component do
  defmacro __using__(_), do: quote(do: import(Phoenix.Component))

  def assign(socket, assigns),
    do: Enum.reduce(assigns, socket, fn {key, value}, socket -> assign(socket, key, value) end)

  def assign(%{assigns: assigns} = socket, key, value) do
    case assigns do
      %{^key => ^value} -> socket
      _ -> %{socket | assigns: assigns |> Map.put(key, value) |> put_in([:__changed__, key], true)}
    end
  end

  # A list of parts: text, or what it speaks of and how it is made.
  defmacro sigil_H({:<<>>, _, [template]}, _) do
    Macro.Env.has_var?(__CALLER__, {:assigns, nil}) || raise "~H needs assigns"
    parts = template |> eex() |> EEx.compile_string(engine: Phoenix.Component.Engine)
    quote(do: {unquote(parts), var!(assigns)})
  end

  # HEEx as EEx: tables, then attributes in braces.
  defp eex(template) do
    template
    |> then(
      &Regex.replace(~r/<\.live_table(.*?)\n\s*>(.*?)<\/\.live_table>/s, &1, fn _, attributes, columns ->
        table(attributes, columns)
      end)
    )
    |> then(&Regex.replace(~r/([\w-]+)=\{([^{}]*)\}/, &1, ~S(\1="<%= \2 %>")))
  end

  defp table(attributes, columns) do
    "<%= live_table(%{" <>
      pairs(attributes) <> "}, fn row -> %><td><%= row[:name] %></td>" <> cell(columns) <> "<% end) %>"
  end

  defp pairs(attributes) do
    Enum.map_join(Regex.scan(~r/(\w+)=(?:\{([^{}]*)\}|("[^"]*"))/, attributes), ", ", fn [_, name | value] ->
      "#{name}: #{List.last(value)}"
    end)
  end

  # The column with a body.
  defp cell(columns) do
    [_, variable, body] = Regex.run(~r/<:col :let=\{(\w+)\}[^>]*>(.*?)<\/:col>/s, columns)
    "<td>" <> Regex.replace(~r/\b#{variable}\[/, body, "row[") <> "</td>"
  end
end

defmodule Phoenix.Component.Engine do
  @behaviour EEx.Engine

  @impl true
  def init(_), do: {:page, []}

  @impl true
  def handle_body({:page, parts}), do: Enum.reverse(parts)

  @impl true
  def handle_begin(_), do: {:block, []}

  @impl true
  def handle_end({:block, parts}), do: quote(do: IO.iodata_to_binary(unquote(Enum.reverse(parts))))

  @impl true
  def handle_text({kind, parts}, _meta, text), do: {kind, [text | parts]}

  @impl true
  def handle_expr({:page, parts}, "=", expression) do
    {made, names} = Macro.prewalk(expression, [], &fetched/2)
    {:page, [quote(do: {unquote(names), fn var!(assigns) -> Phoenix.Component.Engine.safe(unquote(made)) end}) | parts]}
  end

  def handle_expr({:block, parts}, "=", expression) do
    {:block, [quote(do: Phoenix.Component.Engine.safe(unquote(expression))) | parts]}
  end

  defp fetched({:@, _, [{name, _, nil}]}, names),
    do: {quote(do: Map.fetch!(var!(assigns), unquote(name))), [name | names]}

  defp fetched(other, names), do: {other, names}

  def safe(nil), do: ""
  def safe(made) when is_list(made), do: made
  def safe(made), do: to_string(made)
end

defmodule Phoenix.LiveDashboard.PageBuilder do
  defstruct info: nil, module: nil, node: nil, params: %{}, route: nil, tick: 0, allow_destructive_actions: false

  @callback init(term) :: {:ok, map} | {:ok, map, keyword}
  @callback menu_link(map, map) :: {:ok | :disabled, String.t()} | :skip
  @callback mount(map, map, map) :: {:ok, map}
  @callback render(map) :: term
  @callback handle_event(String.t(), map, map) :: {:noreply, map}
  @callback handle_info(term, map) :: {:noreply, map}
  @callback handle_refresh(map) :: {:noreply, map}

  defmacro __using__(_) do
    quote do
      @behaviour Phoenix.LiveDashboard.PageBuilder
      use Phoenix.Component
      import Phoenix.LiveDashboard.PageBuilder

      def init(opts), do: {:ok, opts}
      defoverridable init: 1
    end
  end

  # The parameters in the page's address are those of all its tables.
  def live_table(%{page: page, row_fetcher: fetch}, cells) do
    params = %{search: page.params["search"], sort_by: :reductions, sort_dir: :desc, limit: 50}
    {rows, total} = fetch.(params, page.node)
    ["<table>", Enum.map(rows, &["<tr>", cells.(&1), "</tr>"]), "</table>", "#{length(rows)} out of #{total}"]
  end
end

defmodule Phoenix.LiveViewTest do
  alias Phoenix.LiveDashboard.PageBuilder

  @doc "Opens a page of the dashboard."
  def live(module, params \\ %{}) do
    page = %PageBuilder{module: module, node: node(), params: params}
    {:ok, socket} = module.mount(params, %{}, %{assigns: %{__changed__: %{}, page: page}})
    shown(%{module: module, socket: socket, parts: %{}})
  end

  @doc "What is seen in the browser."
  def html(%{parts: parts}), do: parts |> Enum.sort() |> Enum.map(&elem(&1, 1)) |> IO.iodata_to_binary()

  @doc "A click on the button of this event that stands in a text of the page."
  def click(view, event, pattern) do
    [button] = Regex.run(pattern, html(view))
    [_, ^event] = Regex.run(~r/phx-click="([^"]*)"/, button)
    params = for [_, key, value] <- Regex.scan(~r/phx-value-([\w-]+)="([^"]*)"/, button), into: %{}, do: {key, value}
    sent(view, event, params)
  end

  def sent(%{module: module, socket: socket} = view, event, params) do
    {:noreply, socket} = module.handle_event(event, params, socket)
    shown(%{view | socket: socket})
  end

  def told(%{module: module, socket: socket} = view, message) do
    {:noreply, socket} = module.handle_info(message, socket)
    shown(%{view | socket: socket})
  end

  @doc "The dashboard's own clock."
  def refresh(%{module: module, socket: socket} = view) do
    page = socket.assigns.page
    {:noreply, socket} = module.handle_refresh(Phoenix.Component.assign(socket, :page, %{page | tick: page.tick + 1}))
    shown(%{view | socket: socket})
  end

  defp shown(%{module: module, socket: socket, parts: before} = view) do
    {parts, assigns} = module.render(socket.assigns)
    first? = before == %{}

    parts =
      for {part, index} <- Enum.with_index(parts), into: %{} do
        case part do
          {names, make} ->
            if first? or Enum.any?(names, &Map.has_key?(assigns.__changed__, &1)),
              do: {index, make.(assigns)},
              else: {index, Map.fetch!(before, index)}

          text ->
            {index, text}
        end
      end

    %{view | parts: parts, socket: put_in(socket.assigns.__changed__, %{})}
  end
end
