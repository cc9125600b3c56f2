"""Makes the plate locator: scenes and plates are drawn, a small network is trained on them and written as ONNX.

Nothing here runs in a service. Everything a scene is made of is drawn or comes out of installed packages
(scikit-image's sample pictures, matplotlib's fonts), so the weights are this project's own.
"""
