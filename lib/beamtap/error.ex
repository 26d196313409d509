defmodule Beamtap.Error do
  @moduledoc """
  Why something could not be done: `reason` for programs, `message` and `remedy` one line each for people.

  `position` is the character, counted from 1, at which a function pattern stopped making sense; `tap` is the tap that
  stands in the way.
  """

  defexception [:reason, :message, :remedy, :position, :tap]

  @type t :: %__MODULE__{
          reason: atom(),
          message: String.t(),
          remedy: String.t(),
          position: pos_integer() | nil,
          tap: Beamtap.tap() | nil
        }

  @doc false
  # A term as it stands in a message.
  @spec quoted(term) :: String.t()
  def quoted(term), do: inspect(term, limit: 10, printable_limit: 100, width: :infinity)

  @impl true
  def message(%__MODULE__{message: message, remedy: remedy}), do: message <> "; " <> remedy
end
