defmodule Beamtap.Error do
  @moduledoc """
  Why something failed: `reason` for programs, `message` and `remedy` one line each for people.

  `position` is the character, counted from 1, at which a function pattern stopped making sense; `tap` is the tap that
  stands in the way; `facts` has what else the reason is about, such as `:option` and `:value` for `:bad_option`.
  """

  defexception [:reason, :message, :remedy, :position, :tap, facts: %{}]

  @type t :: %__MODULE__{
          reason: atom(),
          message: String.t(),
          remedy: String.t(),
          position: pos_integer() | nil,
          tap: Beamtap.tap() | nil,
          facts: map
        }

  @doc false
  # Words an answer of Erlang's for Elixir, if it is an error, or tells of a tap.
  @spec worded(answer) :: answer | {:ok, map} | {:error, t} when answer: term
  def worded({:error, %{reason: _}} = error) do
    {:error, worded} = :beamtap_wording.word(error, language())
    {own, facts} = Map.split(worded, [:reason, :message, :remedy, :position, :tap])
    {:error, struct(__MODULE__, Map.put(own, :facts, facts))}
  end

  def worded({:ok, %{facts: _} = told}), do: {:ok, :beamtap_wording.info(told, language())}
  def worded(answer), do: answer

  @doc false
  @spec language() :: :beamtap_language.language()
  def language, do: {:elixir, &inspect(&1, limit: 10, printable_limit: 100, width: :infinity)}

  @impl true
  def message(%__MODULE__{message: message, remedy: remedy}), do: message <> "; " <> remedy
end
