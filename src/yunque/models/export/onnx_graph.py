"""A graph of ONNX operators while it is being written: nodes, constants, inputs and outputs."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from onnx import ModelProto, TensorProto, helper, numpy_helper

Precision = Literal["float64", "float32"]
Array = npt.NDArray[Any]
Tensor = str  # the name of a tensor of the graph

OPSET = 21  # of the ordinary operators
ML_OPSET = 5  # of ai.onnx.ml: the first whose tree ensembles answer in float64
IR_VERSION = 10
ML = "ai.onnx.ml"


class Graph:
    """Writes one graph; every real number in it has the same precision.

    Attributes:
        precision: of real numbers.
    """

    def __init__(self, precision: Precision = "float64") -> None:
        self.precision: Precision = precision
        self._nodes: list[Any] = []
        self._constants: list[Any] = []
        self._inputs: list[Any] = []
        self._outputs: list[Any] = []
        self._bytes = 0

    @property
    def real_type(self) -> int:
        """The element type of real numbers."""
        return int(TensorProto.DOUBLE if self.precision == "float64" else TensorProto.FLOAT)

    @property
    def size(self) -> int:
        """Bytes of the constants so far."""
        return self._bytes

    def add(self, operator: str, *inputs: Tensor, domain: str = "", **attributes: Any) -> Tensor:
        """Append a node with one output, and name that output."""
        name = f"t{len(self._nodes)}"
        self._nodes.append(
            helper.make_node(operator, list(inputs), [name], domain=domain, name=f"n{name}", **attributes)
        )
        self._bytes += sum(value.nbytes for value in attributes.values() if isinstance(value, np.ndarray))
        return name

    def constant(self, values: Any) -> Tensor:
        """Hold an array: real numbers in the graph's precision, all else as given."""
        array = self.real(values)
        name = f"c{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(array, name))
        self._bytes += array.nbytes
        return name

    def real(self, values: Any) -> Array:
        """Give an array as the graph holds it."""
        array = np.asarray(values)
        if array.dtype.kind == "f":
            with np.errstate(over="ignore"):
                array = np.ascontiguousarray(array, np.dtype(self.precision))
        return array.astype(object) if array.dtype.kind == "U" else array

    def tensor(self, values: Any) -> Any:
        """Give an array as the value of an attribute."""
        array = self.real(values)
        self._bytes += array.nbytes
        return numpy_helper.from_array(array)

    def take_input(self, name: str, element: int, doc: str) -> Tensor:
        """Declare an input of one column, (rows, 1)."""
        self._inputs.append(helper.make_tensor_value_info(name, element, ["rows", 1], doc_string=doc))
        return name

    def give_output(self, tensor: Tensor, name: str, element: int, shape: Sequence[int | str]) -> None:
        """Declare an output."""
        self._nodes.append(helper.make_node("Identity", [tensor], [name], name=f"n_{name}"))
        self._outputs.append(helper.make_tensor_value_info(name, element, list(shape)))

    def is_missing(self, tensor: Tensor) -> Tensor:
        """Say where a real number is NaN."""
        return self.add("IsNaN", tensor)

    def where(self, condition: Tensor, then: Tensor, otherwise: Tensor) -> Tensor:
        """Choose by a condition."""
        return self.add("Where", condition, then, otherwise)

    def clip(self, tensor: Tensor, low: float, high: float) -> Tensor:
        """Keep numbers between two ends; missing stays missing."""
        lowest, highest = self.constant(low), self.constant(high)
        raised = self.where(self.add("Less", tensor, lowest), lowest, tensor)
        return self.where(self.add("Greater", raised, highest), highest, raised)

    def to_real(self, tensor: Tensor) -> Tensor:
        """Turn truth values or whole numbers into real ones."""
        return self.add("Cast", tensor, to=self.real_type)

    def model(self, name: str, facts: dict[str, str]) -> ModelProto:
        """Close the graph: a model with its facts as metadata."""
        graph = helper.make_graph(
            self._nodes, name, self._inputs, self._outputs, self._constants, doc_string=facts.get("doc", "")
        )
        made = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", OPSET), helper.make_opsetid(ML, ML_OPSET)],
            ir_version=IR_VERSION,
            producer_name="yunque",
        )
        helper.set_model_props(made, facts)
        return made
